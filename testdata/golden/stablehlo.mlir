// The legal samples of every primitive. Written by the test `every_primitive_has_its_golden_text`.

// constant `splat`
module @dupin {
  func.func public @main() -> (tensor<2x2xf64>) {
    %0 = "stablehlo.constant"() {value = dense<5.0e-1> : tensor<2x2xf64>} : () -> tensor<2x2xf64>
    "func.return"(%0) : (tensor<2x2xf64>) -> ()
  }
}

// constant `dense`
module @dupin {
  func.func public @main() -> (tensor<2x2xf64>) {
    %0 = "stablehlo.constant"() {value = dense<[1.0e0, -2.0e0, 2.5e-1, 1.0e-300]> : tensor<4xf64>} : () -> tensor<4xf64>
    %1 = "stablehlo.reshape"(%0) : (tensor<4xf64>) -> tensor<2x2xf64>
    "func.return"(%1) : (tensor<2x2xf64>) -> ()
  }
}

// iota `rows`
module @dupin {
  func.func public @main() -> (tensor<2x3xi32>) {
    %0 = "stablehlo.iota"() {iota_dimension = 0 : i64} : () -> tensor<2x3xi32>
    "func.return"(%0) : (tensor<2x3xi32>) -> ()
  }
}

// iota `columns`
module @dupin {
  func.func public @main() -> (tensor<2x3xi32>) {
    %0 = "stablehlo.iota"() {iota_dimension = 1 : i64} : () -> tensor<2x3xi32>
    "func.return"(%0) : (tensor<2x3xi32>) -> ()
  }
}

// negate `negate`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.negate"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// exponential `exponential`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.exponential"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// log `log`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.log"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// log_plus_one `log_plus_one`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.log_plus_one"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// sqrt `sqrt`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.sqrt"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// rsqrt `rsqrt`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.rsqrt"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// tanh `tanh`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.tanh"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// logistic `logistic`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// erf `erf`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "chlo.erf"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// abs `abs`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.abs"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// sign `sign`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.sign"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// sine `sine`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.sine"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// cosine `cosine`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.cosine"(%0) : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// activation `identity`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    "func.return"(%0) : (tensor<4x2xf64>) -> ()
  }
}

// activation `identity`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// activation `identity`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// activation `identity`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// activation `relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.maximum"(%0, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%2) : (tensor<4x2xf64>) -> ()
  }
}

// activation `relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %3 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xi1>
    %4 = "stablehlo.select"(%3, %2, %1) : (tensor<4x2xi1>, tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%4) : (tensor<4x2xf64>) -> ()
  }
}

// activation `relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// activation `relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// activation `leaky_relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.constant"() {value = dense<1.0e-2> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%0, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xi1>
    %5 = "stablehlo.select"(%4, %0, %3) : (tensor<4x2xi1>, tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%5) : (tensor<4x2xf64>) -> ()
  }
}

// activation `leaky_relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %3 = "stablehlo.constant"() {value = dense<1.0e-2> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %4 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xi1>
    %5 = "stablehlo.select"(%4, %2, %3) : (tensor<4x2xi1>, tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%5) : (tensor<4x2xf64>) -> ()
  }
}

// activation `leaky_relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// activation `leaky_relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// activation `gelu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.constant"() {value = dense<7.071067811865476e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%0, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "chlo.erf"(%3) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.add"(%1, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.constant"() {value = dense<5.0e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %7 = "stablehlo.multiply"(%5, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%0, %7) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%8) : (tensor<4x2xf64>) -> ()
  }
}

// activation `gelu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.constant"() {value = dense<7.071067811865476e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%0, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "chlo.erf"(%3) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.add"(%1, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.constant"() {value = dense<5.0e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %7 = "stablehlo.multiply"(%5, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%3, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.negate"(%8) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.exponential"(%9) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %11 = "stablehlo.constant"() {value = dense<1.1283791670955126e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %12 = "stablehlo.multiply"(%10, %11) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %13 = "stablehlo.multiply"(%2, %12) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %14 = "stablehlo.multiply"(%6, %13) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %15 = "stablehlo.multiply"(%0, %14) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %16 = "stablehlo.add"(%7, %15) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%16) : (tensor<4x2xf64>) -> ()
  }
}

// activation `gelu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<7.071067811865476e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%0, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.constant"() {value = dense<5.0e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%2, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.negate"(%4) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.exponential"(%5) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.constant"() {value = dense<1.1283791670955126e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%6, %7) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.multiply"(%1, %8) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.multiply"(%3, %9) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %11 = "stablehlo.multiply"(%1, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %12 = "stablehlo.add"(%11, %11) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %13 = "stablehlo.negate"(%12) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %14 = "stablehlo.multiply"(%6, %13) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %15 = "stablehlo.multiply"(%7, %14) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %16 = "stablehlo.multiply"(%1, %15) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %17 = "stablehlo.multiply"(%3, %16) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %18 = "stablehlo.multiply"(%0, %17) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %19 = "stablehlo.add"(%10, %18) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %20 = "stablehlo.add"(%10, %19) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%20) : (tensor<4x2xf64>) -> ()
  }
}

// activation `gelu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<7.071067811865476e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%0, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.constant"() {value = dense<5.0e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%2, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.negate"(%4) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.exponential"(%5) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.constant"() {value = dense<1.1283791670955126e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%1, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.add"(%8, %8) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.negate"(%9) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %11 = "stablehlo.multiply"(%6, %10) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %12 = "stablehlo.multiply"(%7, %11) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %13 = "stablehlo.multiply"(%1, %12) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %14 = "stablehlo.multiply"(%3, %13) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %15 = "stablehlo.constant"() {value = dense<-1.0000000000000002e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %16 = "stablehlo.multiply"(%10, %11) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %17 = "stablehlo.multiply"(%6, %15) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %18 = "stablehlo.add"(%16, %17) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %19 = "stablehlo.multiply"(%7, %18) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %20 = "stablehlo.multiply"(%1, %19) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %21 = "stablehlo.multiply"(%3, %20) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %22 = "stablehlo.multiply"(%0, %21) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %23 = "stablehlo.add"(%14, %22) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %24 = "stablehlo.add"(%14, %23) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %25 = "stablehlo.add"(%14, %24) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%25) : (tensor<4x2xf64>) -> ()
  }
}

// activation `gelu_tanh`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.multiply"(%0, %0) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%0, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.constant"() {value = dense<4.4715e-2> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%2, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.add"(%0, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.constant"() {value = dense<1.5957691216057308e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %7 = "stablehlo.multiply"(%5, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.logistic"(%7) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.multiply"(%0, %8) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%9) : (tensor<4x2xf64>) -> ()
  }
}

// activation `gelu_tanh`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%0, %0) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%0, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.constant"() {value = dense<4.4715e-2> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %5 = "stablehlo.multiply"(%3, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.add"(%0, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.constant"() {value = dense<1.5957691216057308e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%6, %7) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.logistic"(%8) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.add"(%0, %0) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %11 = "stablehlo.multiply"(%0, %10) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %12 = "stablehlo.add"(%2, %11) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %13 = "stablehlo.multiply"(%4, %12) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %14 = "stablehlo.add"(%1, %13) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %15 = "stablehlo.multiply"(%7, %14) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %16 = "stablehlo.multiply"(%9, %9) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %17 = "stablehlo.subtract"(%9, %16) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %18 = "stablehlo.multiply"(%15, %17) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %19 = "stablehlo.multiply"(%0, %18) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %20 = "stablehlo.add"(%9, %19) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%20) : (tensor<4x2xf64>) -> ()
  }
}

// activation `gelu_tanh`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%0, %0) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%0, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.constant"() {value = dense<4.4715e-2> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %5 = "stablehlo.multiply"(%3, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.add"(%0, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.constant"() {value = dense<1.5957691216057308e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%6, %7) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.logistic"(%8) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.add"(%0, %0) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %11 = "stablehlo.multiply"(%0, %10) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %12 = "stablehlo.add"(%2, %11) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %13 = "stablehlo.multiply"(%4, %12) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %14 = "stablehlo.add"(%1, %13) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %15 = "stablehlo.multiply"(%7, %14) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %16 = "stablehlo.multiply"(%9, %9) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %17 = "stablehlo.subtract"(%9, %16) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %18 = "stablehlo.multiply"(%15, %17) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %19 = "stablehlo.constant"() {value = dense<2.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %20 = "stablehlo.multiply"(%0, %19) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %21 = "stablehlo.add"(%10, %20) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %22 = "stablehlo.add"(%10, %21) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %23 = "stablehlo.multiply"(%4, %22) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %24 = "stablehlo.multiply"(%7, %23) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %25 = "stablehlo.multiply"(%9, %18) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %26 = "stablehlo.add"(%25, %25) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %27 = "stablehlo.subtract"(%18, %26) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %28 = "stablehlo.multiply"(%17, %24) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %29 = "stablehlo.multiply"(%15, %27) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %30 = "stablehlo.add"(%28, %29) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %31 = "stablehlo.multiply"(%0, %30) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %32 = "stablehlo.add"(%18, %31) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %33 = "stablehlo.add"(%18, %32) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%33) : (tensor<4x2xf64>) -> ()
  }
}

// activation `gelu_tanh`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%0, %0) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%0, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.constant"() {value = dense<4.4715e-2> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %5 = "stablehlo.multiply"(%3, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.add"(%0, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.constant"() {value = dense<1.5957691216057308e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%6, %7) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.logistic"(%8) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.add"(%0, %0) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %11 = "stablehlo.multiply"(%0, %10) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %12 = "stablehlo.add"(%2, %11) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %13 = "stablehlo.multiply"(%4, %12) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %14 = "stablehlo.add"(%1, %13) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %15 = "stablehlo.multiply"(%7, %14) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %16 = "stablehlo.multiply"(%9, %9) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %17 = "stablehlo.subtract"(%9, %16) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %18 = "stablehlo.multiply"(%15, %17) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %19 = "stablehlo.constant"() {value = dense<2.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %20 = "stablehlo.multiply"(%0, %19) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %21 = "stablehlo.add"(%10, %20) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %22 = "stablehlo.add"(%10, %21) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %23 = "stablehlo.multiply"(%4, %22) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %24 = "stablehlo.multiply"(%7, %23) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %25 = "stablehlo.multiply"(%9, %18) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %26 = "stablehlo.add"(%25, %25) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %27 = "stablehlo.subtract"(%18, %26) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %28 = "stablehlo.multiply"(%17, %24) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %29 = "stablehlo.multiply"(%15, %27) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %30 = "stablehlo.add"(%28, %29) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %31 = "stablehlo.constant"() {value = dense<4.2812889763560147e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %32 = "stablehlo.multiply"(%18, %18) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %33 = "stablehlo.multiply"(%9, %30) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %34 = "stablehlo.add"(%32, %33) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %35 = "stablehlo.add"(%34, %34) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %36 = "stablehlo.subtract"(%30, %35) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %37 = "stablehlo.multiply"(%24, %27) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %38 = "stablehlo.multiply"(%17, %31) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %39 = "stablehlo.add"(%37, %38) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %40 = "stablehlo.multiply"(%15, %36) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %41 = "stablehlo.add"(%37, %40) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %42 = "stablehlo.add"(%39, %41) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %43 = "stablehlo.multiply"(%0, %42) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %44 = "stablehlo.add"(%30, %43) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %45 = "stablehlo.add"(%30, %44) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %46 = "stablehlo.add"(%30, %45) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%46) : (tensor<4x2xf64>) -> ()
  }
}

// activation `beta_gelu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.constant"() {value = dense<2.5e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%0, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.constant"() {value = dense<7.071067811865476e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %5 = "stablehlo.multiply"(%3, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "chlo.erf"(%5) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.add"(%1, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.constant"() {value = dense<5.0e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %9 = "stablehlo.multiply"(%7, %8) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.multiply"(%0, %9) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%10) : (tensor<4x2xf64>) -> ()
  }
}

// activation `beta_gelu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.constant"() {value = dense<2.5e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%0, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.constant"() {value = dense<7.071067811865476e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %5 = "stablehlo.multiply"(%3, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "chlo.erf"(%5) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.add"(%1, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.constant"() {value = dense<5.0e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %9 = "stablehlo.multiply"(%7, %8) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.constant"() {value = dense<1.7677669529663689e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %11 = "stablehlo.multiply"(%5, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %12 = "stablehlo.negate"(%11) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %13 = "stablehlo.exponential"(%12) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %14 = "stablehlo.constant"() {value = dense<1.1283791670955126e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %15 = "stablehlo.multiply"(%13, %14) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %16 = "stablehlo.multiply"(%10, %15) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %17 = "stablehlo.multiply"(%8, %16) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %18 = "stablehlo.multiply"(%0, %17) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %19 = "stablehlo.add"(%9, %18) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%19) : (tensor<4x2xf64>) -> ()
  }
}

// activation `beta_gelu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<2.5e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%0, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.constant"() {value = dense<7.071067811865476e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%2, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.constant"() {value = dense<5.0e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %6 = "stablehlo.constant"() {value = dense<1.7677669529663689e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %7 = "stablehlo.multiply"(%4, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.negate"(%7) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.exponential"(%8) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.constant"() {value = dense<1.1283791670955126e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %11 = "stablehlo.multiply"(%9, %10) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %12 = "stablehlo.multiply"(%6, %11) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %13 = "stablehlo.multiply"(%5, %12) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %14 = "stablehlo.multiply"(%4, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %15 = "stablehlo.add"(%14, %14) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %16 = "stablehlo.negate"(%15) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %17 = "stablehlo.multiply"(%9, %16) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %18 = "stablehlo.multiply"(%10, %17) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %19 = "stablehlo.multiply"(%6, %18) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %20 = "stablehlo.multiply"(%5, %19) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %21 = "stablehlo.multiply"(%0, %20) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %22 = "stablehlo.add"(%13, %21) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %23 = "stablehlo.add"(%13, %22) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%23) : (tensor<4x2xf64>) -> ()
  }
}

// activation `beta_gelu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<2.5e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%0, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.constant"() {value = dense<7.071067811865476e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%2, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.constant"() {value = dense<5.0e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %6 = "stablehlo.constant"() {value = dense<1.7677669529663689e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %7 = "stablehlo.multiply"(%4, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.negate"(%7) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.exponential"(%8) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.constant"() {value = dense<1.1283791670955126e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %11 = "stablehlo.multiply"(%4, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %12 = "stablehlo.add"(%11, %11) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %13 = "stablehlo.negate"(%12) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %14 = "stablehlo.multiply"(%9, %13) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %15 = "stablehlo.multiply"(%10, %14) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %16 = "stablehlo.multiply"(%6, %15) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %17 = "stablehlo.multiply"(%5, %16) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %18 = "stablehlo.constant"() {value = dense<-6.250000000000001e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %19 = "stablehlo.multiply"(%13, %14) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %20 = "stablehlo.multiply"(%9, %18) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %21 = "stablehlo.add"(%19, %20) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %22 = "stablehlo.multiply"(%10, %21) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %23 = "stablehlo.multiply"(%6, %22) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %24 = "stablehlo.multiply"(%5, %23) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %25 = "stablehlo.multiply"(%0, %24) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %26 = "stablehlo.add"(%17, %25) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %27 = "stablehlo.add"(%17, %26) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %28 = "stablehlo.add"(%17, %27) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%28) : (tensor<4x2xf64>) -> ()
  }
}

// activation `silu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%0, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%2) : (tensor<4x2xf64>) -> ()
  }
}

// activation `silu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%1, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.subtract"(%1, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%0, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.add"(%1, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%5) : (tensor<4x2xf64>) -> ()
  }
}

// activation `silu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%1, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.subtract"(%1, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%1, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.add"(%4, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.subtract"(%3, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.multiply"(%0, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.add"(%3, %7) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.add"(%3, %8) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%9) : (tensor<4x2xf64>) -> ()
  }
}

// activation `silu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%1, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.subtract"(%1, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%1, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.add"(%4, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.subtract"(%3, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.multiply"(%3, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%1, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.add"(%7, %8) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.add"(%9, %9) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %11 = "stablehlo.subtract"(%6, %10) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %12 = "stablehlo.multiply"(%0, %11) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %13 = "stablehlo.add"(%6, %12) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %14 = "stablehlo.add"(%6, %13) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %15 = "stablehlo.add"(%6, %14) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%15) : (tensor<4x2xf64>) -> ()
  }
}

// activation `softplus`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.maximum"(%0, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.abs"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.negate"(%3) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.exponential"(%4) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.log_plus_one"(%5) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.add"(%2, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%7) : (tensor<4x2xf64>) -> ()
  }
}

// activation `softplus`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// activation `softplus`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%1, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.subtract"(%1, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%3) : (tensor<4x2xf64>) -> ()
  }
}

// activation `softplus`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%1, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.subtract"(%1, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%1, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.add"(%4, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.subtract"(%3, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%6) : (tensor<4x2xf64>) -> ()
  }
}

// activation `tanh`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.tanh"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// activation `tanh`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.tanh"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%2, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.subtract"(%1, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%4) : (tensor<4x2xf64>) -> ()
  }
}

// activation `tanh`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.tanh"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%2, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.subtract"(%1, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.multiply"(%2, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.add"(%5, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.negate"(%6) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%7) : (tensor<4x2xf64>) -> ()
  }
}

// activation `tanh`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.tanh"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%2, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.subtract"(%1, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.multiply"(%2, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.add"(%5, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.negate"(%6) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%4, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.multiply"(%2, %7) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.add"(%8, %9) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %11 = "stablehlo.add"(%10, %10) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %12 = "stablehlo.negate"(%11) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%12) : (tensor<4x2xf64>) -> ()
  }
}

// activation `sigmoid`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// activation `sigmoid`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%1, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.subtract"(%1, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%3) : (tensor<4x2xf64>) -> ()
  }
}

// activation `sigmoid`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%1, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.subtract"(%1, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%1, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.add"(%4, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.subtract"(%3, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%6) : (tensor<4x2xf64>) -> ()
  }
}

// activation `sigmoid`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.logistic"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %2 = "stablehlo.multiply"(%1, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.subtract"(%1, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%1, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.add"(%4, %4) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.subtract"(%3, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.multiply"(%3, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%1, %6) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.add"(%7, %8) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %10 = "stablehlo.add"(%9, %9) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %11 = "stablehlo.subtract"(%6, %10) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%11) : (tensor<4x2xf64>) -> ()
  }
}

// activation `elu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %3 = "stablehlo.constant"() {value = dense<5.0e-1> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%0, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %5 = "stablehlo.exponential"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %6 = "stablehlo.tanh"(%4) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %7 = "stablehlo.add"(%2, %5) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %8 = "stablehlo.multiply"(%6, %7) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %9 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xi1>
    %10 = "stablehlo.select"(%9, %0, %8) : (tensor<4x2xi1>, tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%10) : (tensor<4x2xf64>) -> ()
  }
}

// activation `elu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.constant"() {value = dense<1.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %3 = "stablehlo.exponential"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %4 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xi1>
    %5 = "stablehlo.select"(%4, %2, %3) : (tensor<4x2xi1>, tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%5) : (tensor<4x2xf64>) -> ()
  }
}

// activation `elu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.exponential"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xi1>
    %4 = "stablehlo.select"(%3, %1, %2) : (tensor<4x2xi1>, tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%4) : (tensor<4x2xf64>) -> ()
  }
}

// activation `elu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.exponential"(%0) : (tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xi1>
    %4 = "stablehlo.select"(%3, %1, %2) : (tensor<4x2xi1>, tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%4) : (tensor<4x2xf64>) -> ()
  }
}

// activation `squared_relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.maximum"(%0, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.multiply"(%2, %2) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%3) : (tensor<4x2xf64>) -> ()
  }
}

// activation `squared_relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.maximum"(%0, %1) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    %3 = "stablehlo.constant"() {value = dense<2.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %4 = "stablehlo.multiply"(%2, %3) : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%4) : (tensor<4x2xf64>) -> ()
  }
}

// activation `squared_relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %2 = "stablehlo.constant"() {value = dense<2.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    %3 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xi1>
    %4 = "stablehlo.select"(%3, %2, %1) : (tensor<4x2xi1>, tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
    "func.return"(%4) : (tensor<4x2xf64>) -> ()
  }
}

// activation `squared_relu`
module @dupin {
  func.func public @main(%0: tensor<4x2xf64>) -> (tensor<4x2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<4x2xf64>} : () -> tensor<4x2xf64>
    "func.return"(%1) : (tensor<4x2xf64>) -> ()
  }
}

// add `add`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>, %1: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %2 = "stablehlo.add"(%0, %1) : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%2) : (tensor<2x3xf64>) -> ()
  }
}

// subtract `subtract`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>, %1: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %2 = "stablehlo.subtract"(%0, %1) : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%2) : (tensor<2x3xf64>) -> ()
  }
}

// multiply `multiply`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>, %1: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %2 = "stablehlo.multiply"(%0, %1) : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%2) : (tensor<2x3xf64>) -> ()
  }
}

// divide `divide`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>, %1: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %2 = "stablehlo.divide"(%0, %1) : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%2) : (tensor<2x3xf64>) -> ()
  }
}

// maximum `maximum`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>, %1: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %2 = "stablehlo.maximum"(%0, %1) : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%2) : (tensor<2x3xf64>) -> ()
  }
}

// minimum `minimum`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>, %1: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %2 = "stablehlo.minimum"(%0, %1) : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%2) : (tensor<2x3xf64>) -> ()
  }
}

// power `power`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>, %1: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %2 = "stablehlo.power"(%0, %1) : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%2) : (tensor<2x3xf64>) -> ()
  }
}

// add `integers`
module @dupin {
  func.func public @main(%0: tensor<4xi32>, %1: tensor<4xi32>) -> (tensor<4xi32>) {
    %2 = "stablehlo.add"(%0, %1) : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
    "func.return"(%2) : (tensor<4xi32>) -> ()
  }
}

// compare `EQ`
module @dupin {
  func.func public @main(%0: tensor<5xf64>, %1: tensor<5xf64>) -> (tensor<5xi1>) {
    %2 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<5xf64>, tensor<5xf64>) -> tensor<5xi1>
    "func.return"(%2) : (tensor<5xi1>) -> ()
  }
}

// compare `NE`
module @dupin {
  func.func public @main(%0: tensor<5xf64>, %1: tensor<5xf64>) -> (tensor<5xi1>) {
    %2 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction NE>} : (tensor<5xf64>, tensor<5xf64>) -> tensor<5xi1>
    "func.return"(%2) : (tensor<5xi1>) -> ()
  }
}

// compare `LT`
module @dupin {
  func.func public @main(%0: tensor<5xf64>, %1: tensor<5xf64>) -> (tensor<5xi1>) {
    %2 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction LT>} : (tensor<5xf64>, tensor<5xf64>) -> tensor<5xi1>
    "func.return"(%2) : (tensor<5xi1>) -> ()
  }
}

// compare `LE`
module @dupin {
  func.func public @main(%0: tensor<5xf64>, %1: tensor<5xf64>) -> (tensor<5xi1>) {
    %2 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction LE>} : (tensor<5xf64>, tensor<5xf64>) -> tensor<5xi1>
    "func.return"(%2) : (tensor<5xi1>) -> ()
  }
}

// compare `GT`
module @dupin {
  func.func public @main(%0: tensor<5xf64>, %1: tensor<5xf64>) -> (tensor<5xi1>) {
    %2 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<5xf64>, tensor<5xf64>) -> tensor<5xi1>
    "func.return"(%2) : (tensor<5xi1>) -> ()
  }
}

// compare `GE`
module @dupin {
  func.func public @main(%0: tensor<5xf64>, %1: tensor<5xf64>) -> (tensor<5xi1>) {
    %2 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction GE>} : (tensor<5xf64>, tensor<5xf64>) -> tensor<5xi1>
    "func.return"(%2) : (tensor<5xi1>) -> ()
  }
}

// compare `integers`
module @dupin {
  func.func public @main(%0: tensor<8xi32>, %1: tensor<8xi32>) -> (tensor<8xi1>) {
    %2 = "stablehlo.compare"(%0, %1) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi1>
    "func.return"(%2) : (tensor<8xi1>) -> ()
  }
}

// select `pick`
module @dupin {
  func.func public @main(%0: tensor<2x4xi1>, %1: tensor<2x4xf64>, %2: tensor<2x4xf64>) -> (tensor<2x4xf64>) {
    %3 = "stablehlo.select"(%0, %1, %2) : (tensor<2x4xi1>, tensor<2x4xf64>, tensor<2x4xf64>) -> tensor<2x4xf64>
    "func.return"(%3) : (tensor<2x4xf64>) -> ()
  }
}

// convert `from bool`
module @dupin {
  func.func public @main(%0: tensor<6xi1>) -> (tensor<6xf64>) {
    %1 = "stablehlo.convert"(%0) : (tensor<6xi1>) -> tensor<6xf64>
    "func.return"(%1) : (tensor<6xf64>) -> ()
  }
}

// convert `from integer`
module @dupin {
  func.func public @main(%0: tensor<6xi32>) -> (tensor<6xf64>) {
    %1 = "stablehlo.convert"(%0) : (tensor<6xi32>) -> tensor<6xf64>
    "func.return"(%1) : (tensor<6xf64>) -> ()
  }
}

// convert `to integer`
module @dupin {
  func.func public @main(%0: tensor<6xf64>) -> (tensor<6xi32>) {
    %1 = "stablehlo.convert"(%0) : (tensor<6xf64>) -> tensor<6xi32>
    "func.return"(%1) : (tensor<6xi32>) -> ()
  }
}

// convert `identity`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    "func.return"(%0) : (tensor<2x3xf64>) -> ()
  }
}

// broadcast_in_dim `scalar`
module @dupin {
  func.func public @main(%0: tensor<f64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.broadcast_in_dim"(%0) {broadcast_dimensions = array<i64>} : (tensor<f64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// broadcast_in_dim `rows`
module @dupin {
  func.func public @main(%0: tensor<2xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.broadcast_in_dim"(%0) {broadcast_dimensions = array<i64: 0>} : (tensor<2xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// broadcast_in_dim `columns`
module @dupin {
  func.func public @main(%0: tensor<3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.broadcast_in_dim"(%0) {broadcast_dimensions = array<i64: 1>} : (tensor<3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// broadcast_in_dim `extent one`
module @dupin {
  func.func public @main(%0: tensor<2x1xf64>) -> (tensor<2x3x4xf64>) {
    %1 = "stablehlo.broadcast_in_dim"(%0) {broadcast_dimensions = array<i64: 0, 2>} : (tensor<2x1xf64>) -> tensor<2x3x4xf64>
    "func.return"(%1) : (tensor<2x3x4xf64>) -> ()
  }
}

// reshape `merge`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<6xf64>) {
    %1 = "stablehlo.reshape"(%0) : (tensor<2x3xf64>) -> tensor<6xf64>
    "func.return"(%1) : (tensor<6xf64>) -> ()
  }
}

// reshape `split`
module @dupin {
  func.func public @main(%0: tensor<6x2xf64>) -> (tensor<3x2x2xf64>) {
    %1 = "stablehlo.reshape"(%0) : (tensor<6x2xf64>) -> tensor<3x2x2xf64>
    "func.return"(%1) : (tensor<3x2x2xf64>) -> ()
  }
}

// transpose `matrix`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<3x2xf64>) {
    %1 = "stablehlo.transpose"(%0) {permutation = array<i64: 1, 0>} : (tensor<2x3xf64>) -> tensor<3x2xf64>
    "func.return"(%1) : (tensor<3x2xf64>) -> ()
  }
}

// transpose `cycle`
module @dupin {
  func.func public @main(%0: tensor<2x3x4xf64>) -> (tensor<4x2x3xf64>) {
    %1 = "stablehlo.transpose"(%0) {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf64>) -> tensor<4x2x3xf64>
    "func.return"(%1) : (tensor<4x2x3xf64>) -> ()
  }
}

// slice `box`
module @dupin {
  func.func public @main(%0: tensor<4x3xf64>) -> (tensor<2x2xf64>) {
    %1 = "stablehlo.slice"(%0) {start_indices = array<i64: 1, 0>, limit_indices = array<i64: 3, 2>, strides = array<i64: 1, 1>} : (tensor<4x3xf64>) -> tensor<2x2xf64>
    "func.return"(%1) : (tensor<2x2xf64>) -> ()
  }
}

// slice `steps`
module @dupin {
  func.func public @main(%0: tensor<5x7xf64>) -> (tensor<3x2xf64>) {
    %1 = "stablehlo.slice"(%0) {start_indices = array<i64: 0, 1>, limit_indices = array<i64: 5, 6>, strides = array<i64: 2, 3>} : (tensor<5x7xf64>) -> tensor<3x2xf64>
    "func.return"(%1) : (tensor<3x2xf64>) -> ()
  }
}

// slice `nothing`
module @dupin {
  func.func public @main(%0: tensor<3xf64>) -> (tensor<0xf64>) {
    %1 = "stablehlo.slice"(%0) {start_indices = array<i64: 1>, limit_indices = array<i64: 1>, strides = array<i64: 1>} : (tensor<3xf64>) -> tensor<0xf64>
    "func.return"(%1) : (tensor<0xf64>) -> ()
  }
}

// pad `edges`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<5x4xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.pad"(%0, %1) {edge_padding_low = array<i64: 1, 0>, edge_padding_high = array<i64: 2, 1>, interior_padding = array<i64: 0, 0>} : (tensor<2x3xf64>, tensor<f64>) -> tensor<5x4xf64>
    "func.return"(%2) : (tensor<5x4xf64>) -> ()
  }
}

// pad `interior`
module @dupin {
  func.func public @main(%0: tensor<3x2xf64>) -> (tensor<7x4xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.pad"(%0, %1) {edge_padding_low = array<i64: 0, 1>, edge_padding_high = array<i64: 0, 0>, interior_padding = array<i64: 2, 1>} : (tensor<3x2xf64>, tensor<f64>) -> tensor<7x4xf64>
    "func.return"(%2) : (tensor<7x4xf64>) -> ()
  }
}

// pad `crop`
module @dupin {
  func.func public @main(%0: tensor<3x4xf64>) -> (tensor<5x3xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.pad"(%0, %1) {edge_padding_low = array<i64: -1, 1>, edge_padding_high = array<i64: 1, -2>, interior_padding = array<i64: 1, 0>} : (tensor<3x4xf64>, tensor<f64>) -> tensor<5x3xf64>
    "func.return"(%2) : (tensor<5x3xf64>) -> ()
  }
}

// pad `value`
module @dupin {
  func.func public @main(%0: tensor<3xf64>) -> (tensor<7xf64>) {
    %1 = "stablehlo.constant"() {value = dense<-2.5e0> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.pad"(%0, %1) {edge_padding_low = array<i64: 1>, edge_padding_high = array<i64: 1>, interior_padding = array<i64: 1>} : (tensor<3xf64>, tensor<f64>) -> tensor<7xf64>
    "func.return"(%2) : (tensor<7xf64>) -> ()
  }
}

// concatenate `rows`
module @dupin {
  func.func public @main(%0: tensor<1x3xf64>, %1: tensor<2x3xf64>) -> (tensor<3x3xf64>) {
    %2 = "stablehlo.concatenate"(%0, %1) {dimension = 0 : i64} : (tensor<1x3xf64>, tensor<2x3xf64>) -> tensor<3x3xf64>
    "func.return"(%2) : (tensor<3x3xf64>) -> ()
  }
}

// concatenate `columns`
module @dupin {
  func.func public @main(%0: tensor<2x1xf64>, %1: tensor<2x3xf64>, %2: tensor<2x2xf64>) -> (tensor<2x6xf64>) {
    %3 = "stablehlo.concatenate"(%0, %1, %2) {dimension = 1 : i64} : (tensor<2x1xf64>, tensor<2x3xf64>, tensor<2x2xf64>) -> tensor<2x6xf64>
    "func.return"(%3) : (tensor<2x6xf64>) -> ()
  }
}

// reverse `one`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.reverse"(%0) {dimensions = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// reverse `both`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    %1 = "stablehlo.reverse"(%0) {dimensions = array<i64: 0, 1>} : (tensor<2x3xf64>) -> tensor<2x3xf64>
    "func.return"(%1) : (tensor<2x3xf64>) -> ()
  }
}

// reduce_sum `all`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<f64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.reduce"(%0, %1) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.add"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 0, 1>} : (tensor<2x3xf64>, tensor<f64>) -> tensor<f64>
    "func.return"(%2) : (tensor<f64>) -> ()
  }
}

// reduce_sum `rows`
module @dupin {
  func.func public @main(%0: tensor<3x5xf64>) -> (tensor<5xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.reduce"(%0, %1) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.add"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 0>} : (tensor<3x5xf64>, tensor<f64>) -> tensor<5xf64>
    "func.return"(%2) : (tensor<5xf64>) -> ()
  }
}

// reduce_sum `columns`
module @dupin {
  func.func public @main(%0: tensor<3x5xf64>) -> (tensor<3xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.reduce"(%0, %1) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.add"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 1>} : (tensor<3x5xf64>, tensor<f64>) -> tensor<3xf64>
    "func.return"(%2) : (tensor<3xf64>) -> ()
  }
}

// reduce_sum `outer and inner`
module @dupin {
  func.func public @main(%0: tensor<2x3x4xf64>) -> (tensor<3xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.reduce"(%0, %1) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.add"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 0, 2>} : (tensor<2x3x4xf64>, tensor<f64>) -> tensor<3xf64>
    "func.return"(%2) : (tensor<3xf64>) -> ()
  }
}

// reduce_sum `nothing to sum`
module @dupin {
  func.func public @main(%0: tensor<0x2xf64>) -> (tensor<2xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.reduce"(%0, %1) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.add"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 0>} : (tensor<0x2xf64>, tensor<f64>) -> tensor<2xf64>
    "func.return"(%2) : (tensor<2xf64>) -> ()
  }
}

// reduce_max `all`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<f64>) {
    %1 = "stablehlo.constant"() {value = dense<0xFFF0000000000000> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.reduce"(%0, %1) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.maximum"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 0, 1>} : (tensor<2x3xf64>, tensor<f64>) -> tensor<f64>
    "func.return"(%2) : (tensor<f64>) -> ()
  }
}

// reduce_max `columns`
module @dupin {
  func.func public @main(%0: tensor<3x4xf64>) -> (tensor<3xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0xFFF0000000000000> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.reduce"(%0, %1) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.maximum"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 1>} : (tensor<3x4xf64>, tensor<f64>) -> tensor<3xf64>
    "func.return"(%2) : (tensor<3xf64>) -> ()
  }
}

// reduce_max `rows`
module @dupin {
  func.func public @main(%0: tensor<3x4xf64>) -> (tensor<4xf64>) {
    %1 = "stablehlo.constant"() {value = dense<0xFFF0000000000000> : tensor<f64>} : () -> tensor<f64>
    %2 = "stablehlo.reduce"(%0, %1) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.maximum"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 0>} : (tensor<3x4xf64>, tensor<f64>) -> tensor<4xf64>
    "func.return"(%2) : (tensor<4xf64>) -> ()
  }
}

// argmax `columns`
module @dupin {
  func.func public @main(%0: tensor<3x4xf64>) -> (tensor<3xi32>) {
    %1 = "stablehlo.constant"() {value = dense<0xFFF0000000000000> : tensor<3x4xf64>} : () -> tensor<3x4xf64>
    %2 = "stablehlo.compare"(%0, %0) {comparison_direction = #stablehlo<comparison_direction NE>} : (tensor<3x4xf64>, tensor<3x4xf64>) -> tensor<3x4xi1>
    %3 = "stablehlo.select"(%2, %1, %0) : (tensor<3x4xi1>, tensor<3x4xf64>, tensor<3x4xf64>) -> tensor<3x4xf64>
    %4 = "stablehlo.constant"() {value = dense<0xFFF0000000000000> : tensor<f64>} : () -> tensor<f64>
    %5 = "stablehlo.reduce"(%3, %4) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.maximum"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 1>} : (tensor<3x4xf64>, tensor<f64>) -> tensor<3xf64>
    %6 = "stablehlo.broadcast_in_dim"(%5) {broadcast_dimensions = array<i64: 0>} : (tensor<3xf64>) -> tensor<3x4xf64>
    %7 = "stablehlo.compare"(%3, %6) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x4xf64>, tensor<3x4xf64>) -> tensor<3x4xi1>
    %8 = "stablehlo.iota"() {iota_dimension = 1 : i64} : () -> tensor<3x4xi32>
    %9 = "stablehlo.constant"() {value = dense<4> : tensor<3x4xi32>} : () -> tensor<3x4xi32>
    %10 = "stablehlo.select"(%7, %8, %9) : (tensor<3x4xi1>, tensor<3x4xi32>, tensor<3x4xi32>) -> tensor<3x4xi32>
    %11 = "stablehlo.constant"() {value = dense<4> : tensor<i32>} : () -> tensor<i32>
    %12 = "stablehlo.reduce"(%10, %11) ({
      ^bb0(%a: tensor<i32>, %b: tensor<i32>):
        %c = "stablehlo.minimum"(%a, %b) : (tensor<i32>, tensor<i32>) -> tensor<i32>
        "stablehlo.return"(%c) : (tensor<i32>) -> ()
    }) {dimensions = array<i64: 1>} : (tensor<3x4xi32>, tensor<i32>) -> tensor<3xi32>
    "func.return"(%12) : (tensor<3xi32>) -> ()
  }
}

// argmax `rows`
module @dupin {
  func.func public @main(%0: tensor<3x4xf64>) -> (tensor<4xi32>) {
    %1 = "stablehlo.constant"() {value = dense<0xFFF0000000000000> : tensor<3x4xf64>} : () -> tensor<3x4xf64>
    %2 = "stablehlo.compare"(%0, %0) {comparison_direction = #stablehlo<comparison_direction NE>} : (tensor<3x4xf64>, tensor<3x4xf64>) -> tensor<3x4xi1>
    %3 = "stablehlo.select"(%2, %1, %0) : (tensor<3x4xi1>, tensor<3x4xf64>, tensor<3x4xf64>) -> tensor<3x4xf64>
    %4 = "stablehlo.constant"() {value = dense<0xFFF0000000000000> : tensor<f64>} : () -> tensor<f64>
    %5 = "stablehlo.reduce"(%3, %4) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.maximum"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {dimensions = array<i64: 0>} : (tensor<3x4xf64>, tensor<f64>) -> tensor<4xf64>
    %6 = "stablehlo.broadcast_in_dim"(%5) {broadcast_dimensions = array<i64: 1>} : (tensor<4xf64>) -> tensor<3x4xf64>
    %7 = "stablehlo.compare"(%3, %6) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x4xf64>, tensor<3x4xf64>) -> tensor<3x4xi1>
    %8 = "stablehlo.iota"() {iota_dimension = 0 : i64} : () -> tensor<3x4xi32>
    %9 = "stablehlo.constant"() {value = dense<3> : tensor<3x4xi32>} : () -> tensor<3x4xi32>
    %10 = "stablehlo.select"(%7, %8, %9) : (tensor<3x4xi1>, tensor<3x4xi32>, tensor<3x4xi32>) -> tensor<3x4xi32>
    %11 = "stablehlo.constant"() {value = dense<3> : tensor<i32>} : () -> tensor<i32>
    %12 = "stablehlo.reduce"(%10, %11) ({
      ^bb0(%a: tensor<i32>, %b: tensor<i32>):
        %c = "stablehlo.minimum"(%a, %b) : (tensor<i32>, tensor<i32>) -> tensor<i32>
        "stablehlo.return"(%c) : (tensor<i32>) -> ()
    }) {dimensions = array<i64: 0>} : (tensor<3x4xi32>, tensor<i32>) -> tensor<4xi32>
    "func.return"(%12) : (tensor<4xi32>) -> ()
  }
}

// dot_general `matmul`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>, %1: tensor<3x4xf64>) -> (tensor<2x4xf64>) {
    %2 = "stablehlo.dot_general"(%0, %1) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<2x3xf64>, tensor<3x4xf64>) -> tensor<2x4xf64>
    "func.return"(%2) : (tensor<2x4xf64>) -> ()
  }
}

// dot_general `nt`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>, %1: tensor<4x3xf64>) -> (tensor<2x4xf64>) {
    %2 = "stablehlo.dot_general"(%0, %1) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<2x3xf64>, tensor<4x3xf64>) -> tensor<2x4xf64>
    "func.return"(%2) : (tensor<2x4xf64>) -> ()
  }
}

// dot_general `tn`
module @dupin {
  func.func public @main(%0: tensor<3x2xf64>, %1: tensor<3x4xf64>) -> (tensor<2x4xf64>) {
    %2 = "stablehlo.dot_general"(%0, %1) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<3x2xf64>, tensor<3x4xf64>) -> tensor<2x4xf64>
    "func.return"(%2) : (tensor<2x4xf64>) -> ()
  }
}

// dot_general `outer`
module @dupin {
  func.func public @main(%0: tensor<2xf64>, %1: tensor<3xf64>) -> (tensor<2x3xf64>) {
    %2 = "stablehlo.dot_general"(%0, %1) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [], rhs_contracting_dimensions = []>, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<2xf64>, tensor<3xf64>) -> tensor<2x3xf64>
    "func.return"(%2) : (tensor<2x3xf64>) -> ()
  }
}

// dot_general `batched`
module @dupin {
  func.func public @main(%0: tensor<2x3x4xf64>, %1: tensor<2x4x2xf64>) -> (tensor<2x3x2xf64>) {
    %2 = "stablehlo.dot_general"(%0, %1) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [0], rhs_batching_dimensions = [0], lhs_contracting_dimensions = [2], rhs_contracting_dimensions = [1]>, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<2x3x4xf64>, tensor<2x4x2xf64>) -> tensor<2x3x2xf64>
    "func.return"(%2) : (tensor<2x3x2xf64>) -> ()
  }
}

// dot_general `mixed`
module @dupin {
  func.func public @main(%0: tensor<2x3x2x4xf64>, %1: tensor<4x2x3x2xf64>) -> (tensor<3x2x2xf64>) {
    %2 = "stablehlo.dot_general"(%0, %1) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [1], rhs_batching_dimensions = [2], lhs_contracting_dimensions = [3, 0], rhs_contracting_dimensions = [0, 3]>, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<2x3x2x4xf64>, tensor<4x2x3x2xf64>) -> tensor<3x2x2xf64>
    "func.return"(%2) : (tensor<3x2x2xf64>) -> ()
  }
}

// dot_general `several free`
module @dupin {
  func.func public @main(%0: tensor<2x3x4xf64>, %1: tensor<2x3xf64>) -> (tensor<2x4x2xf64>) {
    %2 = "stablehlo.dot_general"(%0, %1) {dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [], rhs_batching_dimensions = [], lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<2x3x4xf64>, tensor<2x3xf64>) -> tensor<2x4x2xf64>
    "func.return"(%2) : (tensor<2x4x2xf64>) -> ()
  }
}

// convolution `same`
module @dupin {
  func.func public @main(%0: tensor<2x4x5x3xf64>, %1: tensor<3x3x3x2xf64>) -> (tensor<2x4x5x2xf64>) {
    %2 = "stablehlo.convolution"(%0, %1) {dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, window_strides = array<i64: 1, 1>, padding = dense<[[1, 1], [1, 1]]> : tensor<2x2xi64>, lhs_dilation = array<i64: 1, 1>, rhs_dilation = array<i64: 1, 1>, feature_group_count = 1 : i64, batch_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<2x4x5x3xf64>, tensor<3x3x3x2xf64>) -> tensor<2x4x5x2xf64>
    "func.return"(%2) : (tensor<2x4x5x2xf64>) -> ()
  }
}

// convolution `stride`
module @dupin {
  func.func public @main(%0: tensor<2x5x4x2xf64>, %1: tensor<3x3x2x3xf64>) -> (tensor<2x3x2x3xf64>) {
    %2 = "stablehlo.convolution"(%0, %1) {dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, window_strides = array<i64: 2, 2>, padding = dense<[[1, 1], [1, 1]]> : tensor<2x2xi64>, lhs_dilation = array<i64: 1, 1>, rhs_dilation = array<i64: 1, 1>, feature_group_count = 1 : i64, batch_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<2x5x4x2xf64>, tensor<3x3x2x3xf64>) -> tensor<2x3x2x3xf64>
    "func.return"(%2) : (tensor<2x3x2x3xf64>) -> ()
  }
}

// convolution `last rows not covered`
module @dupin {
  func.func public @main(%0: tensor<1x6x7x2xf64>, %1: tensor<2x2x2x2xf64>) -> (tensor<1x2x2x2xf64>) {
    %2 = "stablehlo.convolution"(%0, %1) {dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, window_strides = array<i64: 3, 3>, padding = dense<[[0, 0], [0, 0]]> : tensor<2x2xi64>, lhs_dilation = array<i64: 1, 1>, rhs_dilation = array<i64: 1, 1>, feature_group_count = 1 : i64, batch_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<1x6x7x2xf64>, tensor<2x2x2x2xf64>) -> tensor<1x2x2x2xf64>
    "func.return"(%2) : (tensor<1x2x2x2xf64>) -> ()
  }
}

// convolution `one axis`
module @dupin {
  func.func public @main(%0: tensor<2x5x2xf64>, %1: tensor<3x2x3xf64>) -> (tensor<2x2x3xf64>) {
    %2 = "stablehlo.convolution"(%0, %1) {dimension_numbers = #stablehlo.conv<[b, 0, f]x[0, i, o]->[b, 0, f]>, window_strides = array<i64: 2>, padding = dense<[[1, 0]]> : tensor<1x2xi64>, lhs_dilation = array<i64: 1>, rhs_dilation = array<i64: 1>, feature_group_count = 1 : i64, batch_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<2x5x2xf64>, tensor<3x2x3xf64>) -> tensor<2x2x3xf64>
    "func.return"(%2) : (tensor<2x2x3xf64>) -> ()
  }
}

// convolution `crop`
module @dupin {
  func.func public @main(%0: tensor<1x4x4x2xf64>, %1: tensor<2x2x2x2xf64>) -> (tensor<1x2x2x2xf64>) {
    %2 = "stablehlo.convolution"(%0, %1) {dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, window_strides = array<i64: 1, 1>, padding = dense<[[-1, 0], [-1, 0]]> : tensor<2x2xi64>, lhs_dilation = array<i64: 1, 1>, rhs_dilation = array<i64: 1, 1>, feature_group_count = 1 : i64, batch_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<1x4x4x2xf64>, tensor<2x2x2x2xf64>) -> tensor<1x2x2x2xf64>
    "func.return"(%2) : (tensor<1x2x2x2xf64>) -> ()
  }
}

// convolution `dilations and reversal`
module @dupin {
  func.func public @main(%0: tensor<1x3x5x2xf64>, %1: tensor<2x2x2x2xf64>) -> (tensor<1x7x6x2xf64>) {
    %2 = "stablehlo.reverse"(%1) {dimensions = array<i64: 0>} : (tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xf64>
    %3 = "stablehlo.convolution"(%0, %2) {dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, window_strides = array<i64: 1, 1>, padding = dense<[[1, 2], [1, 2]]> : tensor<2x2xi64>, lhs_dilation = array<i64: 2, 1>, rhs_dilation = array<i64: 1, 2>, feature_group_count = 1 : i64, batch_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<1x3x5x2xf64>, tensor<2x2x2x2xf64>) -> tensor<1x7x6x2xf64>
    "func.return"(%3) : (tensor<1x7x6x2xf64>) -> ()
  }
}

// convolution `feature groups`
module @dupin {
  func.func public @main(%0: tensor<2x3x3x4xf64>, %1: tensor<3x3x2x4xf64>) -> (tensor<2x3x3x4xf64>) {
    %2 = "stablehlo.convolution"(%0, %1) {dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, window_strides = array<i64: 1, 1>, padding = dense<[[1, 1], [1, 1]]> : tensor<2x2xi64>, lhs_dilation = array<i64: 1, 1>, rhs_dilation = array<i64: 1, 1>, feature_group_count = 2 : i64, batch_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<2x3x3x4xf64>, tensor<3x3x2x4xf64>) -> tensor<2x3x3x4xf64>
    "func.return"(%2) : (tensor<2x3x3x4xf64>) -> ()
  }
}

// convolution `batch groups`
module @dupin {
  func.func public @main(%0: tensor<4x3x3x2xf64>, %1: tensor<2x2x2x4xf64>) -> (tensor<2x2x2x4xf64>) {
    %2 = "stablehlo.convolution"(%0, %1) {dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, window_strides = array<i64: 1, 1>, padding = dense<[[0, 0], [0, 0]]> : tensor<2x2xi64>, lhs_dilation = array<i64: 1, 1>, rhs_dilation = array<i64: 1, 1>, feature_group_count = 1 : i64, batch_group_count = 2 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<4x3x3x2xf64>, tensor<2x2x2x4xf64>) -> tensor<2x2x2x4xf64>
    "func.return"(%2) : (tensor<2x2x2x4xf64>) -> ()
  }
}

// convolution `permuted axes`
module @dupin {
  func.func public @main(%0: tensor<3x2x4x3xf64>, %1: tensor<2x2x3x3xf64>) -> (tensor<3x3x2x2xf64>) {
    %2 = "stablehlo.convolution"(%0, %1) {dimension_numbers = #stablehlo.conv<[f, b, 1, 0]x[0, o, 1, i]->[1, 0, b, f]>, window_strides = array<i64: 1, 1>, padding = dense<[[1, 0], [1, 0]]> : tensor<2x2xi64>, lhs_dilation = array<i64: 1, 1>, rhs_dilation = array<i64: 1, 1>, feature_group_count = 1 : i64, batch_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<3x2x4x3xf64>, tensor<2x2x3x3xf64>) -> tensor<3x3x2x2xf64>
    "func.return"(%2) : (tensor<3x3x2x2xf64>) -> ()
  }
}

// convolution `window larger than input`
module @dupin {
  func.func public @main(%0: tensor<1x2x2x1xf64>, %1: tensor<3x3x1x1xf64>) -> (tensor<1x0x0x1xf64>) {
    %2 = "stablehlo.convolution"(%0, %1) {dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, window_strides = array<i64: 1, 1>, padding = dense<[[0, 0], [0, 0]]> : tensor<2x2xi64>, lhs_dilation = array<i64: 1, 1>, rhs_dilation = array<i64: 1, 1>, feature_group_count = 1 : i64, batch_group_count = 1 : i64, precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]} : (tensor<1x2x2x1xf64>, tensor<3x3x1x1xf64>) -> tensor<1x0x0x1xf64>
    "func.return"(%2) : (tensor<1x0x0x1xf64>) -> ()
  }
}

// window_argmax `tiles`
module @dupin {
  func.func public @main(%0: tensor<2x4x4x2xf64>) -> (tensor<2x2x2x2xi32>) {
    %1 = "stablehlo.constant"() {value = dense<0> : tensor<2x2x2x2xi32>} : () -> tensor<2x2x2x2xi32>
    %2 = "stablehlo.slice"(%0) {start_indices = array<i64: 0, 0, 0, 0>, limit_indices = array<i64: 2, 3, 3, 2>, strides = array<i64: 1, 2, 2, 1>} : (tensor<2x4x4x2xf64>) -> tensor<2x2x2x2xf64>
    %3 = "stablehlo.slice"(%0) {start_indices = array<i64: 0, 0, 1, 0>, limit_indices = array<i64: 2, 3, 4, 2>, strides = array<i64: 1, 2, 2, 1>} : (tensor<2x4x4x2xf64>) -> tensor<2x2x2x2xf64>
    %4 = "stablehlo.constant"() {value = dense<1> : tensor<2x2x2x2xi32>} : () -> tensor<2x2x2x2xi32>
    %5 = "stablehlo.compare"(%3, %2) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<2x2x2x2xf64>, tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xi1>
    %6 = "stablehlo.select"(%5, %3, %2) : (tensor<2x2x2x2xi1>, tensor<2x2x2x2xf64>, tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xf64>
    %7 = "stablehlo.select"(%5, %4, %1) : (tensor<2x2x2x2xi1>, tensor<2x2x2x2xi32>, tensor<2x2x2x2xi32>) -> tensor<2x2x2x2xi32>
    %8 = "stablehlo.slice"(%0) {start_indices = array<i64: 0, 1, 0, 0>, limit_indices = array<i64: 2, 4, 3, 2>, strides = array<i64: 1, 2, 2, 1>} : (tensor<2x4x4x2xf64>) -> tensor<2x2x2x2xf64>
    %9 = "stablehlo.constant"() {value = dense<2> : tensor<2x2x2x2xi32>} : () -> tensor<2x2x2x2xi32>
    %10 = "stablehlo.compare"(%8, %6) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<2x2x2x2xf64>, tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xi1>
    %11 = "stablehlo.select"(%10, %8, %6) : (tensor<2x2x2x2xi1>, tensor<2x2x2x2xf64>, tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xf64>
    %12 = "stablehlo.select"(%10, %9, %7) : (tensor<2x2x2x2xi1>, tensor<2x2x2x2xi32>, tensor<2x2x2x2xi32>) -> tensor<2x2x2x2xi32>
    %13 = "stablehlo.slice"(%0) {start_indices = array<i64: 0, 1, 1, 0>, limit_indices = array<i64: 2, 4, 4, 2>, strides = array<i64: 1, 2, 2, 1>} : (tensor<2x4x4x2xf64>) -> tensor<2x2x2x2xf64>
    %14 = "stablehlo.constant"() {value = dense<3> : tensor<2x2x2x2xi32>} : () -> tensor<2x2x2x2xi32>
    %15 = "stablehlo.compare"(%13, %11) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<2x2x2x2xf64>, tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xi1>
    %16 = "stablehlo.select"(%15, %14, %12) : (tensor<2x2x2x2xi1>, tensor<2x2x2x2xi32>, tensor<2x2x2x2xi32>) -> tensor<2x2x2x2xi32>
    "func.return"(%16) : (tensor<2x2x2x2xi32>) -> ()
  }
}

// window_argmax `overlap and padding`
module @dupin {
  func.func public @main(%0: tensor<5x4xf64>) -> (tensor<3x2xi32>) {
    %1 = "stablehlo.constant"() {value = dense<[1, 0]> : tensor<2xi32>} : () -> tensor<2xi32>
    %2 = "stablehlo.broadcast_in_dim"(%1) {broadcast_dimensions = array<i64: 1>} : (tensor<2xi32>) -> tensor<3x2xi32>
    %3 = "stablehlo.constant"() {value = dense<[3, 0, 0]> : tensor<3xi32>} : () -> tensor<3xi32>
    %4 = "stablehlo.broadcast_in_dim"(%3) {broadcast_dimensions = array<i64: 0>} : (tensor<3xi32>) -> tensor<3x2xi32>
    %5 = "stablehlo.add"(%2, %4) : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi32>
    %6 = "stablehlo.constant"() {value = dense<0xFFF0000000000000> : tensor<f64>} : () -> tensor<f64>
    %7 = "stablehlo.pad"(%0, %6) {edge_padding_low = array<i64: 1, 1>, edge_padding_high = array<i64: 1, 0>, interior_padding = array<i64: 0, 0>} : (tensor<5x4xf64>, tensor<f64>) -> tensor<7x5xf64>
    %8 = "stablehlo.slice"(%7) {start_indices = array<i64: 0, 0>, limit_indices = array<i64: 5, 3>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %9 = "stablehlo.slice"(%7) {start_indices = array<i64: 0, 1>, limit_indices = array<i64: 5, 4>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %10 = "stablehlo.constant"() {value = dense<1> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %11 = "stablehlo.compare"(%9, %8) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xi1>
    %12 = "stablehlo.compare"(%5, %10) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %13 = "stablehlo.constant"() {value = dense<true> : tensor<3x2xi1>} : () -> tensor<3x2xi1>
    %14 = "stablehlo.select"(%12, %13, %11) : (tensor<3x2xi1>, tensor<3x2xi1>, tensor<3x2xi1>) -> tensor<3x2xi1>
    %15 = "stablehlo.select"(%14, %9, %8) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %16 = "stablehlo.select"(%14, %10, %5) : (tensor<3x2xi1>, tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi32>
    %17 = "stablehlo.slice"(%7) {start_indices = array<i64: 0, 2>, limit_indices = array<i64: 5, 5>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %18 = "stablehlo.constant"() {value = dense<2> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %19 = "stablehlo.compare"(%17, %15) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xi1>
    %20 = "stablehlo.select"(%19, %17, %15) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %21 = "stablehlo.select"(%19, %18, %16) : (tensor<3x2xi1>, tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi32>
    %22 = "stablehlo.slice"(%7) {start_indices = array<i64: 1, 0>, limit_indices = array<i64: 6, 3>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %23 = "stablehlo.constant"() {value = dense<3> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %24 = "stablehlo.compare"(%22, %20) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xi1>
    %25 = "stablehlo.compare"(%5, %23) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %26 = "stablehlo.select"(%25, %13, %24) : (tensor<3x2xi1>, tensor<3x2xi1>, tensor<3x2xi1>) -> tensor<3x2xi1>
    %27 = "stablehlo.select"(%26, %22, %20) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %28 = "stablehlo.select"(%26, %23, %21) : (tensor<3x2xi1>, tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi32>
    %29 = "stablehlo.slice"(%7) {start_indices = array<i64: 1, 1>, limit_indices = array<i64: 6, 4>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %30 = "stablehlo.constant"() {value = dense<4> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %31 = "stablehlo.compare"(%29, %27) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xi1>
    %32 = "stablehlo.compare"(%5, %30) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %33 = "stablehlo.select"(%32, %13, %31) : (tensor<3x2xi1>, tensor<3x2xi1>, tensor<3x2xi1>) -> tensor<3x2xi1>
    %34 = "stablehlo.select"(%33, %29, %27) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %35 = "stablehlo.select"(%33, %30, %28) : (tensor<3x2xi1>, tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi32>
    %36 = "stablehlo.slice"(%7) {start_indices = array<i64: 1, 2>, limit_indices = array<i64: 6, 5>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %37 = "stablehlo.constant"() {value = dense<5> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %38 = "stablehlo.compare"(%36, %34) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xi1>
    %39 = "stablehlo.select"(%38, %36, %34) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %40 = "stablehlo.select"(%38, %37, %35) : (tensor<3x2xi1>, tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi32>
    %41 = "stablehlo.slice"(%7) {start_indices = array<i64: 2, 0>, limit_indices = array<i64: 7, 3>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %42 = "stablehlo.constant"() {value = dense<6> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %43 = "stablehlo.compare"(%41, %39) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xi1>
    %44 = "stablehlo.select"(%43, %41, %39) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %45 = "stablehlo.select"(%43, %42, %40) : (tensor<3x2xi1>, tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi32>
    %46 = "stablehlo.slice"(%7) {start_indices = array<i64: 2, 1>, limit_indices = array<i64: 7, 4>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %47 = "stablehlo.constant"() {value = dense<7> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %48 = "stablehlo.compare"(%46, %44) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xi1>
    %49 = "stablehlo.select"(%48, %46, %44) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %50 = "stablehlo.select"(%48, %47, %45) : (tensor<3x2xi1>, tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi32>
    %51 = "stablehlo.slice"(%7) {start_indices = array<i64: 2, 2>, limit_indices = array<i64: 7, 5>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %52 = "stablehlo.constant"() {value = dense<8> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %53 = "stablehlo.compare"(%51, %49) {comparison_direction = #stablehlo<comparison_direction GT>} : (tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xi1>
    %54 = "stablehlo.select"(%53, %52, %50) : (tensor<3x2xi1>, tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi32>
    "func.return"(%54) : (tensor<3x2xi32>) -> ()
  }
}

// window_gather `tiles`
module @dupin {
  func.func public @main(%0: tensor<2x4x4x2xf64>, %1: tensor<2x2x2x2xi32>) -> (tensor<2x2x2x2xf64>) {
    %2 = "stablehlo.slice"(%0) {start_indices = array<i64: 0, 0, 0, 0>, limit_indices = array<i64: 2, 3, 3, 2>, strides = array<i64: 1, 2, 2, 1>} : (tensor<2x4x4x2xf64>) -> tensor<2x2x2x2xf64>
    %3 = "stablehlo.constant"() {value = dense<0> : tensor<2x2x2x2xi32>} : () -> tensor<2x2x2x2xi32>
    %4 = "stablehlo.compare"(%1, %3) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<2x2x2x2xi32>, tensor<2x2x2x2xi32>) -> tensor<2x2x2x2xi1>
    %5 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<2x2x2x2xf64>} : () -> tensor<2x2x2x2xf64>
    %6 = "stablehlo.select"(%4, %2, %5) : (tensor<2x2x2x2xi1>, tensor<2x2x2x2xf64>, tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xf64>
    %7 = "stablehlo.slice"(%0) {start_indices = array<i64: 0, 0, 1, 0>, limit_indices = array<i64: 2, 3, 4, 2>, strides = array<i64: 1, 2, 2, 1>} : (tensor<2x4x4x2xf64>) -> tensor<2x2x2x2xf64>
    %8 = "stablehlo.constant"() {value = dense<1> : tensor<2x2x2x2xi32>} : () -> tensor<2x2x2x2xi32>
    %9 = "stablehlo.compare"(%1, %8) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<2x2x2x2xi32>, tensor<2x2x2x2xi32>) -> tensor<2x2x2x2xi1>
    %10 = "stablehlo.select"(%9, %7, %6) : (tensor<2x2x2x2xi1>, tensor<2x2x2x2xf64>, tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xf64>
    %11 = "stablehlo.slice"(%0) {start_indices = array<i64: 0, 1, 0, 0>, limit_indices = array<i64: 2, 4, 3, 2>, strides = array<i64: 1, 2, 2, 1>} : (tensor<2x4x4x2xf64>) -> tensor<2x2x2x2xf64>
    %12 = "stablehlo.constant"() {value = dense<2> : tensor<2x2x2x2xi32>} : () -> tensor<2x2x2x2xi32>
    %13 = "stablehlo.compare"(%1, %12) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<2x2x2x2xi32>, tensor<2x2x2x2xi32>) -> tensor<2x2x2x2xi1>
    %14 = "stablehlo.select"(%13, %11, %10) : (tensor<2x2x2x2xi1>, tensor<2x2x2x2xf64>, tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xf64>
    %15 = "stablehlo.slice"(%0) {start_indices = array<i64: 0, 1, 1, 0>, limit_indices = array<i64: 2, 4, 4, 2>, strides = array<i64: 1, 2, 2, 1>} : (tensor<2x4x4x2xf64>) -> tensor<2x2x2x2xf64>
    %16 = "stablehlo.constant"() {value = dense<3> : tensor<2x2x2x2xi32>} : () -> tensor<2x2x2x2xi32>
    %17 = "stablehlo.compare"(%1, %16) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<2x2x2x2xi32>, tensor<2x2x2x2xi32>) -> tensor<2x2x2x2xi1>
    %18 = "stablehlo.select"(%17, %15, %14) : (tensor<2x2x2x2xi1>, tensor<2x2x2x2xf64>, tensor<2x2x2x2xf64>) -> tensor<2x2x2x2xf64>
    "func.return"(%18) : (tensor<2x2x2x2xf64>) -> ()
  }
}

// window_gather `overlap and padding`
module @dupin {
  func.func public @main(%0: tensor<5x4xf64>, %1: tensor<3x2xi32>) -> (tensor<3x2xf64>) {
    %2 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %3 = "stablehlo.pad"(%0, %2) {edge_padding_low = array<i64: 1, 1>, edge_padding_high = array<i64: 1, 0>, interior_padding = array<i64: 0, 0>} : (tensor<5x4xf64>, tensor<f64>) -> tensor<7x5xf64>
    %4 = "stablehlo.slice"(%3) {start_indices = array<i64: 0, 0>, limit_indices = array<i64: 5, 3>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %5 = "stablehlo.constant"() {value = dense<0> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %6 = "stablehlo.compare"(%1, %5) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %7 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<3x2xf64>} : () -> tensor<3x2xf64>
    %8 = "stablehlo.select"(%6, %4, %7) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %9 = "stablehlo.slice"(%3) {start_indices = array<i64: 0, 1>, limit_indices = array<i64: 5, 4>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %10 = "stablehlo.constant"() {value = dense<1> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %11 = "stablehlo.compare"(%1, %10) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %12 = "stablehlo.select"(%11, %9, %8) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %13 = "stablehlo.slice"(%3) {start_indices = array<i64: 0, 2>, limit_indices = array<i64: 5, 5>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %14 = "stablehlo.constant"() {value = dense<2> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %15 = "stablehlo.compare"(%1, %14) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %16 = "stablehlo.select"(%15, %13, %12) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %17 = "stablehlo.slice"(%3) {start_indices = array<i64: 1, 0>, limit_indices = array<i64: 6, 3>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %18 = "stablehlo.constant"() {value = dense<3> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %19 = "stablehlo.compare"(%1, %18) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %20 = "stablehlo.select"(%19, %17, %16) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %21 = "stablehlo.slice"(%3) {start_indices = array<i64: 1, 1>, limit_indices = array<i64: 6, 4>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %22 = "stablehlo.constant"() {value = dense<4> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %23 = "stablehlo.compare"(%1, %22) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %24 = "stablehlo.select"(%23, %21, %20) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %25 = "stablehlo.slice"(%3) {start_indices = array<i64: 1, 2>, limit_indices = array<i64: 6, 5>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %26 = "stablehlo.constant"() {value = dense<5> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %27 = "stablehlo.compare"(%1, %26) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %28 = "stablehlo.select"(%27, %25, %24) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %29 = "stablehlo.slice"(%3) {start_indices = array<i64: 2, 0>, limit_indices = array<i64: 7, 3>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %30 = "stablehlo.constant"() {value = dense<6> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %31 = "stablehlo.compare"(%1, %30) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %32 = "stablehlo.select"(%31, %29, %28) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %33 = "stablehlo.slice"(%3) {start_indices = array<i64: 2, 1>, limit_indices = array<i64: 7, 4>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %34 = "stablehlo.constant"() {value = dense<7> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %35 = "stablehlo.compare"(%1, %34) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %36 = "stablehlo.select"(%35, %33, %32) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %37 = "stablehlo.slice"(%3) {start_indices = array<i64: 2, 2>, limit_indices = array<i64: 7, 5>, strides = array<i64: 2, 2>} : (tensor<7x5xf64>) -> tensor<3x2xf64>
    %38 = "stablehlo.constant"() {value = dense<8> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %39 = "stablehlo.compare"(%1, %38) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %40 = "stablehlo.select"(%39, %37, %36) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    "func.return"(%40) : (tensor<3x2xf64>) -> ()
  }
}

// window_scatter_add `tiles`
module @dupin {
  func.func public @main(%0: tensor<2x2xf64>, %1: tensor<2x2xi32>) -> (tensor<4x4xf64>) {
    %2 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<2x2xf64>} : () -> tensor<2x2xf64>
    %3 = "stablehlo.constant"() {value = dense<0> : tensor<2x2xi32>} : () -> tensor<2x2xi32>
    %4 = "stablehlo.compare"(%1, %3) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<2x2xi32>, tensor<2x2xi32>) -> tensor<2x2xi1>
    %5 = "stablehlo.select"(%4, %0, %2) : (tensor<2x2xi1>, tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
    %6 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %7 = "stablehlo.pad"(%5, %6) {edge_padding_low = array<i64: 0, 0>, edge_padding_high = array<i64: 1, 1>, interior_padding = array<i64: 1, 1>} : (tensor<2x2xf64>, tensor<f64>) -> tensor<4x4xf64>
    %8 = "stablehlo.constant"() {value = dense<1> : tensor<2x2xi32>} : () -> tensor<2x2xi32>
    %9 = "stablehlo.compare"(%1, %8) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<2x2xi32>, tensor<2x2xi32>) -> tensor<2x2xi1>
    %10 = "stablehlo.select"(%9, %0, %2) : (tensor<2x2xi1>, tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
    %11 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %12 = "stablehlo.pad"(%10, %11) {edge_padding_low = array<i64: 0, 1>, edge_padding_high = array<i64: 1, 0>, interior_padding = array<i64: 1, 1>} : (tensor<2x2xf64>, tensor<f64>) -> tensor<4x4xf64>
    %13 = "stablehlo.add"(%7, %12) : (tensor<4x4xf64>, tensor<4x4xf64>) -> tensor<4x4xf64>
    %14 = "stablehlo.constant"() {value = dense<2> : tensor<2x2xi32>} : () -> tensor<2x2xi32>
    %15 = "stablehlo.compare"(%1, %14) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<2x2xi32>, tensor<2x2xi32>) -> tensor<2x2xi1>
    %16 = "stablehlo.select"(%15, %0, %2) : (tensor<2x2xi1>, tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
    %17 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %18 = "stablehlo.pad"(%16, %17) {edge_padding_low = array<i64: 1, 0>, edge_padding_high = array<i64: 0, 1>, interior_padding = array<i64: 1, 1>} : (tensor<2x2xf64>, tensor<f64>) -> tensor<4x4xf64>
    %19 = "stablehlo.add"(%13, %18) : (tensor<4x4xf64>, tensor<4x4xf64>) -> tensor<4x4xf64>
    %20 = "stablehlo.constant"() {value = dense<3> : tensor<2x2xi32>} : () -> tensor<2x2xi32>
    %21 = "stablehlo.compare"(%1, %20) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<2x2xi32>, tensor<2x2xi32>) -> tensor<2x2xi1>
    %22 = "stablehlo.select"(%21, %0, %2) : (tensor<2x2xi1>, tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
    %23 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %24 = "stablehlo.pad"(%22, %23) {edge_padding_low = array<i64: 1, 1>, edge_padding_high = array<i64: 0, 0>, interior_padding = array<i64: 1, 1>} : (tensor<2x2xf64>, tensor<f64>) -> tensor<4x4xf64>
    %25 = "stablehlo.add"(%19, %24) : (tensor<4x4xf64>, tensor<4x4xf64>) -> tensor<4x4xf64>
    "func.return"(%25) : (tensor<4x4xf64>) -> ()
  }
}

// window_scatter_add `overlap and padding`
module @dupin {
  func.func public @main(%0: tensor<3x2xf64>, %1: tensor<3x2xi32>) -> (tensor<5x4xf64>) {
    %2 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<3x2xf64>} : () -> tensor<3x2xf64>
    %3 = "stablehlo.constant"() {value = dense<0> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %4 = "stablehlo.compare"(%1, %3) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %5 = "stablehlo.select"(%4, %0, %2) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %6 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %7 = "stablehlo.pad"(%5, %6) {edge_padding_low = array<i64: -1, -1>, edge_padding_high = array<i64: 1, 2>, interior_padding = array<i64: 1, 1>} : (tensor<3x2xf64>, tensor<f64>) -> tensor<5x4xf64>
    %8 = "stablehlo.constant"() {value = dense<1> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %9 = "stablehlo.compare"(%1, %8) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %10 = "stablehlo.select"(%9, %0, %2) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %11 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %12 = "stablehlo.pad"(%10, %11) {edge_padding_low = array<i64: -1, 0>, edge_padding_high = array<i64: 1, 1>, interior_padding = array<i64: 1, 1>} : (tensor<3x2xf64>, tensor<f64>) -> tensor<5x4xf64>
    %13 = "stablehlo.add"(%7, %12) : (tensor<5x4xf64>, tensor<5x4xf64>) -> tensor<5x4xf64>
    %14 = "stablehlo.constant"() {value = dense<2> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %15 = "stablehlo.compare"(%1, %14) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %16 = "stablehlo.select"(%15, %0, %2) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %17 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %18 = "stablehlo.pad"(%16, %17) {edge_padding_low = array<i64: -1, 1>, edge_padding_high = array<i64: 1, 0>, interior_padding = array<i64: 1, 1>} : (tensor<3x2xf64>, tensor<f64>) -> tensor<5x4xf64>
    %19 = "stablehlo.add"(%13, %18) : (tensor<5x4xf64>, tensor<5x4xf64>) -> tensor<5x4xf64>
    %20 = "stablehlo.constant"() {value = dense<3> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %21 = "stablehlo.compare"(%1, %20) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %22 = "stablehlo.select"(%21, %0, %2) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %23 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %24 = "stablehlo.pad"(%22, %23) {edge_padding_low = array<i64: 0, -1>, edge_padding_high = array<i64: 0, 2>, interior_padding = array<i64: 1, 1>} : (tensor<3x2xf64>, tensor<f64>) -> tensor<5x4xf64>
    %25 = "stablehlo.add"(%19, %24) : (tensor<5x4xf64>, tensor<5x4xf64>) -> tensor<5x4xf64>
    %26 = "stablehlo.constant"() {value = dense<4> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %27 = "stablehlo.compare"(%1, %26) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %28 = "stablehlo.select"(%27, %0, %2) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %29 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %30 = "stablehlo.pad"(%28, %29) {edge_padding_low = array<i64: 0, 0>, edge_padding_high = array<i64: 0, 1>, interior_padding = array<i64: 1, 1>} : (tensor<3x2xf64>, tensor<f64>) -> tensor<5x4xf64>
    %31 = "stablehlo.add"(%25, %30) : (tensor<5x4xf64>, tensor<5x4xf64>) -> tensor<5x4xf64>
    %32 = "stablehlo.constant"() {value = dense<5> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %33 = "stablehlo.compare"(%1, %32) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %34 = "stablehlo.select"(%33, %0, %2) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %35 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %36 = "stablehlo.pad"(%34, %35) {edge_padding_low = array<i64: 0, 1>, edge_padding_high = array<i64: 0, 0>, interior_padding = array<i64: 1, 1>} : (tensor<3x2xf64>, tensor<f64>) -> tensor<5x4xf64>
    %37 = "stablehlo.add"(%31, %36) : (tensor<5x4xf64>, tensor<5x4xf64>) -> tensor<5x4xf64>
    %38 = "stablehlo.constant"() {value = dense<6> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %39 = "stablehlo.compare"(%1, %38) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %40 = "stablehlo.select"(%39, %0, %2) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %41 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %42 = "stablehlo.pad"(%40, %41) {edge_padding_low = array<i64: 1, -1>, edge_padding_high = array<i64: -1, 2>, interior_padding = array<i64: 1, 1>} : (tensor<3x2xf64>, tensor<f64>) -> tensor<5x4xf64>
    %43 = "stablehlo.add"(%37, %42) : (tensor<5x4xf64>, tensor<5x4xf64>) -> tensor<5x4xf64>
    %44 = "stablehlo.constant"() {value = dense<7> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %45 = "stablehlo.compare"(%1, %44) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %46 = "stablehlo.select"(%45, %0, %2) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %47 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %48 = "stablehlo.pad"(%46, %47) {edge_padding_low = array<i64: 1, 0>, edge_padding_high = array<i64: -1, 1>, interior_padding = array<i64: 1, 1>} : (tensor<3x2xf64>, tensor<f64>) -> tensor<5x4xf64>
    %49 = "stablehlo.add"(%43, %48) : (tensor<5x4xf64>, tensor<5x4xf64>) -> tensor<5x4xf64>
    %50 = "stablehlo.constant"() {value = dense<8> : tensor<3x2xi32>} : () -> tensor<3x2xi32>
    %51 = "stablehlo.compare"(%1, %50) {comparison_direction = #stablehlo<comparison_direction EQ>} : (tensor<3x2xi32>, tensor<3x2xi32>) -> tensor<3x2xi1>
    %52 = "stablehlo.select"(%51, %0, %2) : (tensor<3x2xi1>, tensor<3x2xf64>, tensor<3x2xf64>) -> tensor<3x2xf64>
    %53 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<f64>} : () -> tensor<f64>
    %54 = "stablehlo.pad"(%52, %53) {edge_padding_low = array<i64: 1, 1>, edge_padding_high = array<i64: -1, 0>, interior_padding = array<i64: 1, 1>} : (tensor<3x2xf64>, tensor<f64>) -> tensor<5x4xf64>
    %55 = "stablehlo.add"(%49, %54) : (tensor<5x4xf64>, tensor<5x4xf64>) -> tensor<5x4xf64>
    "func.return"(%55) : (tensor<5x4xf64>) -> ()
  }
}

// take `rows`
module @dupin {
  func.func public @main(%0: tensor<5x3xf64>, %1: tensor<2x4xi32>) -> (tensor<2x4x3xf64>) {
    %2 = "stablehlo.gather"(%0, %1) {dimension_numbers = #stablehlo.gather<offset_dims = [2], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 2>, slice_sizes = array<i64: 1, 3>, indices_are_sorted = false} : (tensor<5x3xf64>, tensor<2x4xi32>) -> tensor<2x4x3xf64>
    "func.return"(%2) : (tensor<2x4x3xf64>) -> ()
  }
}

// take `out of range`
module @dupin {
  func.func public @main(%0: tensor<2xf64>, %1: tensor<6xi32>) -> (tensor<6xf64>) {
    %2 = "stablehlo.gather"(%0, %1) {dimension_numbers = #stablehlo.gather<offset_dims = [], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>, indices_are_sorted = false} : (tensor<2xf64>, tensor<6xi32>) -> tensor<6xf64>
    "func.return"(%2) : (tensor<6xf64>) -> ()
  }
}

// scatter_add `rows`
module @dupin {
  func.func public @main(%0: tensor<2x4x3xf64>, %1: tensor<2x4xi32>) -> (tensor<5x3xf64>) {
    %2 = "stablehlo.constant"() {value = dense<0> : tensor<i32>} : () -> tensor<i32>
    %3 = "stablehlo.constant"() {value = dense<4> : tensor<i32>} : () -> tensor<i32>
    %4 = "stablehlo.clamp"(%2, %1, %3) : (tensor<i32>, tensor<2x4xi32>, tensor<i32>) -> tensor<2x4xi32>
    %5 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<5x3xf64>} : () -> tensor<5x3xf64>
    %6 = "stablehlo.scatter"(%5, %4, %0) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.add"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [2], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 2>, indices_are_sorted = false, unique_indices = false} : (tensor<5x3xf64>, tensor<2x4xi32>, tensor<2x4x3xf64>) -> tensor<5x3xf64>
    "func.return"(%6) : (tensor<5x3xf64>) -> ()
  }
}

// scatter_add `repeated`
module @dupin {
  func.func public @main(%0: tensor<6xf64>, %1: tensor<6xi32>) -> (tensor<2xf64>) {
    %2 = "stablehlo.constant"() {value = dense<0> : tensor<i32>} : () -> tensor<i32>
    %3 = "stablehlo.constant"() {value = dense<1> : tensor<i32>} : () -> tensor<i32>
    %4 = "stablehlo.clamp"(%2, %1, %3) : (tensor<i32>, tensor<6xi32>, tensor<i32>) -> tensor<6xi32>
    %5 = "stablehlo.constant"() {value = dense<0.0e0> : tensor<2xf64>} : () -> tensor<2xf64>
    %6 = "stablehlo.scatter"(%5, %4, %0) ({
      ^bb0(%a: tensor<f64>, %b: tensor<f64>):
        %c = "stablehlo.add"(%a, %b) : (tensor<f64>, tensor<f64>) -> tensor<f64>
        "stablehlo.return"(%c) : (tensor<f64>) -> ()
    }) {scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, indices_are_sorted = false, unique_indices = false} : (tensor<2xf64>, tensor<6xi32>, tensor<6xf64>) -> tensor<2xf64>
    "func.return"(%6) : (tensor<2xf64>) -> ()
  }
}

// rng_uniform `uniform`
module @dupin {
  func.func public @main(%0: tensor<2xui32>) -> (tensor<3x4xf64>) {
    %1 = "stablehlo.slice"(%0) {start_indices = array<i64: 0>, limit_indices = array<i64: 1>, strides = array<i64: 1>} : (tensor<2xui32>) -> tensor<1xui32>
    %2 = "stablehlo.broadcast_in_dim"(%1) {broadcast_dimensions = array<i64: 0>} : (tensor<1xui32>) -> tensor<12xui32>
    %3 = "stablehlo.slice"(%0) {start_indices = array<i64: 1>, limit_indices = array<i64: 2>, strides = array<i64: 1>} : (tensor<2xui32>) -> tensor<1xui32>
    %4 = "stablehlo.broadcast_in_dim"(%3) {broadcast_dimensions = array<i64: 0>} : (tensor<1xui32>) -> tensor<12xui32>
    %5 = "stablehlo.constant"() {value = dense<466688986> : tensor<12xui32>} : () -> tensor<12xui32>
    %6 = "stablehlo.xor"(%2, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %7 = "stablehlo.xor"(%6, %5) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %8 = "stablehlo.iota"() {iota_dimension = 0 : i64} : () -> tensor<12xui64>
    %9 = "stablehlo.constant"() {value = dense<4294967295> : tensor<12xui64>} : () -> tensor<12xui64>
    %10 = "stablehlo.constant"() {value = dense<32> : tensor<12xui64>} : () -> tensor<12xui64>
    %11 = "stablehlo.and"(%8, %9) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %12 = "stablehlo.shift_right_logical"(%8, %10) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %13 = "stablehlo.convert"(%11) : (tensor<12xui64>) -> tensor<12xui32>
    %14 = "stablehlo.convert"(%12) : (tensor<12xui64>) -> tensor<12xui32>
    %15 = "stablehlo.add"(%13, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %16 = "stablehlo.add"(%14, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %17 = "stablehlo.add"(%15, %16) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %18 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %19 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %20 = "stablehlo.shift_left"(%16, %18) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %21 = "stablehlo.shift_right_logical"(%16, %19) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %22 = "stablehlo.or"(%20, %21) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %23 = "stablehlo.xor"(%22, %17) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %24 = "stablehlo.add"(%17, %23) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %25 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %26 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %27 = "stablehlo.shift_left"(%23, %25) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %28 = "stablehlo.shift_right_logical"(%23, %26) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %29 = "stablehlo.or"(%27, %28) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %30 = "stablehlo.xor"(%29, %24) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %31 = "stablehlo.add"(%24, %30) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %32 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %33 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %34 = "stablehlo.shift_left"(%30, %32) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %35 = "stablehlo.shift_right_logical"(%30, %33) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %36 = "stablehlo.or"(%34, %35) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %37 = "stablehlo.xor"(%36, %31) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %38 = "stablehlo.add"(%31, %37) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %39 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %40 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %41 = "stablehlo.shift_left"(%37, %39) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %42 = "stablehlo.shift_right_logical"(%37, %40) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %43 = "stablehlo.or"(%41, %42) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %44 = "stablehlo.xor"(%43, %38) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %45 = "stablehlo.constant"() {value = dense<1> : tensor<12xui32>} : () -> tensor<12xui32>
    %46 = "stablehlo.add"(%38, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %47 = "stablehlo.add"(%44, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %48 = "stablehlo.add"(%47, %45) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %49 = "stablehlo.add"(%46, %48) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %50 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %51 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %52 = "stablehlo.shift_left"(%48, %50) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %53 = "stablehlo.shift_right_logical"(%48, %51) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %54 = "stablehlo.or"(%52, %53) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %55 = "stablehlo.xor"(%54, %49) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %56 = "stablehlo.add"(%49, %55) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %57 = "stablehlo.constant"() {value = dense<29> : tensor<12xui32>} : () -> tensor<12xui32>
    %58 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %59 = "stablehlo.shift_left"(%55, %57) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %60 = "stablehlo.shift_right_logical"(%55, %58) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %61 = "stablehlo.or"(%59, %60) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %62 = "stablehlo.xor"(%61, %56) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %63 = "stablehlo.add"(%56, %62) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %64 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %65 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %66 = "stablehlo.shift_left"(%62, %64) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %67 = "stablehlo.shift_right_logical"(%62, %65) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %68 = "stablehlo.or"(%66, %67) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %69 = "stablehlo.xor"(%68, %63) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %70 = "stablehlo.add"(%63, %69) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %71 = "stablehlo.constant"() {value = dense<24> : tensor<12xui32>} : () -> tensor<12xui32>
    %72 = "stablehlo.constant"() {value = dense<8> : tensor<12xui32>} : () -> tensor<12xui32>
    %73 = "stablehlo.shift_left"(%69, %71) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %74 = "stablehlo.shift_right_logical"(%69, %72) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %75 = "stablehlo.or"(%73, %74) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %76 = "stablehlo.xor"(%75, %70) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %77 = "stablehlo.constant"() {value = dense<2> : tensor<12xui32>} : () -> tensor<12xui32>
    %78 = "stablehlo.add"(%70, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %79 = "stablehlo.add"(%76, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %80 = "stablehlo.add"(%79, %77) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %81 = "stablehlo.add"(%78, %80) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %82 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %83 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %84 = "stablehlo.shift_left"(%80, %82) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %85 = "stablehlo.shift_right_logical"(%80, %83) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %86 = "stablehlo.or"(%84, %85) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %87 = "stablehlo.xor"(%86, %81) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %88 = "stablehlo.add"(%81, %87) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %89 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %90 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %91 = "stablehlo.shift_left"(%87, %89) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %92 = "stablehlo.shift_right_logical"(%87, %90) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %93 = "stablehlo.or"(%91, %92) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %94 = "stablehlo.xor"(%93, %88) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %95 = "stablehlo.add"(%88, %94) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %96 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %97 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %98 = "stablehlo.shift_left"(%94, %96) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %99 = "stablehlo.shift_right_logical"(%94, %97) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %100 = "stablehlo.or"(%98, %99) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %101 = "stablehlo.xor"(%100, %95) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %102 = "stablehlo.add"(%95, %101) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %103 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %104 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %105 = "stablehlo.shift_left"(%101, %103) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %106 = "stablehlo.shift_right_logical"(%101, %104) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %107 = "stablehlo.or"(%105, %106) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %108 = "stablehlo.xor"(%107, %102) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %109 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %110 = "stablehlo.add"(%102, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %111 = "stablehlo.add"(%108, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %112 = "stablehlo.add"(%111, %109) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %113 = "stablehlo.add"(%110, %112) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %114 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %115 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %116 = "stablehlo.shift_left"(%112, %114) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %117 = "stablehlo.shift_right_logical"(%112, %115) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %118 = "stablehlo.or"(%116, %117) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %119 = "stablehlo.xor"(%118, %113) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %120 = "stablehlo.add"(%113, %119) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %121 = "stablehlo.constant"() {value = dense<29> : tensor<12xui32>} : () -> tensor<12xui32>
    %122 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %123 = "stablehlo.shift_left"(%119, %121) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %124 = "stablehlo.shift_right_logical"(%119, %122) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %125 = "stablehlo.or"(%123, %124) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %126 = "stablehlo.xor"(%125, %120) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %127 = "stablehlo.add"(%120, %126) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %128 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %129 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %130 = "stablehlo.shift_left"(%126, %128) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %131 = "stablehlo.shift_right_logical"(%126, %129) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %132 = "stablehlo.or"(%130, %131) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %133 = "stablehlo.xor"(%132, %127) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %134 = "stablehlo.add"(%127, %133) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %135 = "stablehlo.constant"() {value = dense<24> : tensor<12xui32>} : () -> tensor<12xui32>
    %136 = "stablehlo.constant"() {value = dense<8> : tensor<12xui32>} : () -> tensor<12xui32>
    %137 = "stablehlo.shift_left"(%133, %135) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %138 = "stablehlo.shift_right_logical"(%133, %136) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %139 = "stablehlo.or"(%137, %138) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %140 = "stablehlo.xor"(%139, %134) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %141 = "stablehlo.constant"() {value = dense<4> : tensor<12xui32>} : () -> tensor<12xui32>
    %142 = "stablehlo.add"(%134, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %143 = "stablehlo.add"(%140, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %144 = "stablehlo.add"(%143, %141) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %145 = "stablehlo.add"(%142, %144) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %146 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %147 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %148 = "stablehlo.shift_left"(%144, %146) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %149 = "stablehlo.shift_right_logical"(%144, %147) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %150 = "stablehlo.or"(%148, %149) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %151 = "stablehlo.xor"(%150, %145) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %152 = "stablehlo.add"(%145, %151) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %153 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %154 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %155 = "stablehlo.shift_left"(%151, %153) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %156 = "stablehlo.shift_right_logical"(%151, %154) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %157 = "stablehlo.or"(%155, %156) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %158 = "stablehlo.xor"(%157, %152) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %159 = "stablehlo.add"(%152, %158) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %160 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %161 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %162 = "stablehlo.shift_left"(%158, %160) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %163 = "stablehlo.shift_right_logical"(%158, %161) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %164 = "stablehlo.or"(%162, %163) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %165 = "stablehlo.xor"(%164, %159) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %166 = "stablehlo.add"(%159, %165) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %167 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %168 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %169 = "stablehlo.shift_left"(%165, %167) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %170 = "stablehlo.shift_right_logical"(%165, %168) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %171 = "stablehlo.or"(%169, %170) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %172 = "stablehlo.xor"(%171, %166) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %173 = "stablehlo.constant"() {value = dense<5> : tensor<12xui32>} : () -> tensor<12xui32>
    %174 = "stablehlo.add"(%166, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %175 = "stablehlo.add"(%172, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %176 = "stablehlo.add"(%175, %173) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %177 = "stablehlo.convert"(%174) : (tensor<12xui32>) -> tensor<12xui64>
    %178 = "stablehlo.convert"(%176) : (tensor<12xui32>) -> tensor<12xui64>
    %179 = "stablehlo.constant"() {value = dense<21> : tensor<12xui64>} : () -> tensor<12xui64>
    %180 = "stablehlo.shift_left"(%177, %179) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %181 = "stablehlo.constant"() {value = dense<11> : tensor<12xui64>} : () -> tensor<12xui64>
    %182 = "stablehlo.shift_right_logical"(%178, %181) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %183 = "stablehlo.xor"(%180, %182) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %184 = "stablehlo.convert"(%183) : (tensor<12xui64>) -> tensor<12xf64>
    %185 = "stablehlo.constant"() {value = dense<1.1102230246251565e-16> : tensor<12xf64>} : () -> tensor<12xf64>
    %186 = "stablehlo.multiply"(%184, %185) : (tensor<12xf64>, tensor<12xf64>) -> tensor<12xf64>
    %187 = "stablehlo.reshape"(%186) : (tensor<12xf64>) -> tensor<3x4xf64>
    "func.return"(%187) : (tensor<3x4xf64>) -> ()
  }
}

// rng_uniform `uniform f32`
module @dupin {
  func.func public @main(%0: tensor<2xui32>) -> (tensor<3x4xf32>) {
    %1 = "stablehlo.slice"(%0) {start_indices = array<i64: 0>, limit_indices = array<i64: 1>, strides = array<i64: 1>} : (tensor<2xui32>) -> tensor<1xui32>
    %2 = "stablehlo.broadcast_in_dim"(%1) {broadcast_dimensions = array<i64: 0>} : (tensor<1xui32>) -> tensor<12xui32>
    %3 = "stablehlo.slice"(%0) {start_indices = array<i64: 1>, limit_indices = array<i64: 2>, strides = array<i64: 1>} : (tensor<2xui32>) -> tensor<1xui32>
    %4 = "stablehlo.broadcast_in_dim"(%3) {broadcast_dimensions = array<i64: 0>} : (tensor<1xui32>) -> tensor<12xui32>
    %5 = "stablehlo.constant"() {value = dense<466688986> : tensor<12xui32>} : () -> tensor<12xui32>
    %6 = "stablehlo.xor"(%2, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %7 = "stablehlo.xor"(%6, %5) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %8 = "stablehlo.iota"() {iota_dimension = 0 : i64} : () -> tensor<12xui64>
    %9 = "stablehlo.constant"() {value = dense<4294967295> : tensor<12xui64>} : () -> tensor<12xui64>
    %10 = "stablehlo.constant"() {value = dense<32> : tensor<12xui64>} : () -> tensor<12xui64>
    %11 = "stablehlo.and"(%8, %9) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %12 = "stablehlo.shift_right_logical"(%8, %10) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %13 = "stablehlo.convert"(%11) : (tensor<12xui64>) -> tensor<12xui32>
    %14 = "stablehlo.convert"(%12) : (tensor<12xui64>) -> tensor<12xui32>
    %15 = "stablehlo.add"(%13, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %16 = "stablehlo.add"(%14, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %17 = "stablehlo.add"(%15, %16) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %18 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %19 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %20 = "stablehlo.shift_left"(%16, %18) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %21 = "stablehlo.shift_right_logical"(%16, %19) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %22 = "stablehlo.or"(%20, %21) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %23 = "stablehlo.xor"(%22, %17) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %24 = "stablehlo.add"(%17, %23) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %25 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %26 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %27 = "stablehlo.shift_left"(%23, %25) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %28 = "stablehlo.shift_right_logical"(%23, %26) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %29 = "stablehlo.or"(%27, %28) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %30 = "stablehlo.xor"(%29, %24) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %31 = "stablehlo.add"(%24, %30) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %32 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %33 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %34 = "stablehlo.shift_left"(%30, %32) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %35 = "stablehlo.shift_right_logical"(%30, %33) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %36 = "stablehlo.or"(%34, %35) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %37 = "stablehlo.xor"(%36, %31) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %38 = "stablehlo.add"(%31, %37) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %39 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %40 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %41 = "stablehlo.shift_left"(%37, %39) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %42 = "stablehlo.shift_right_logical"(%37, %40) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %43 = "stablehlo.or"(%41, %42) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %44 = "stablehlo.xor"(%43, %38) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %45 = "stablehlo.constant"() {value = dense<1> : tensor<12xui32>} : () -> tensor<12xui32>
    %46 = "stablehlo.add"(%38, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %47 = "stablehlo.add"(%44, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %48 = "stablehlo.add"(%47, %45) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %49 = "stablehlo.add"(%46, %48) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %50 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %51 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %52 = "stablehlo.shift_left"(%48, %50) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %53 = "stablehlo.shift_right_logical"(%48, %51) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %54 = "stablehlo.or"(%52, %53) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %55 = "stablehlo.xor"(%54, %49) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %56 = "stablehlo.add"(%49, %55) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %57 = "stablehlo.constant"() {value = dense<29> : tensor<12xui32>} : () -> tensor<12xui32>
    %58 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %59 = "stablehlo.shift_left"(%55, %57) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %60 = "stablehlo.shift_right_logical"(%55, %58) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %61 = "stablehlo.or"(%59, %60) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %62 = "stablehlo.xor"(%61, %56) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %63 = "stablehlo.add"(%56, %62) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %64 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %65 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %66 = "stablehlo.shift_left"(%62, %64) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %67 = "stablehlo.shift_right_logical"(%62, %65) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %68 = "stablehlo.or"(%66, %67) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %69 = "stablehlo.xor"(%68, %63) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %70 = "stablehlo.add"(%63, %69) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %71 = "stablehlo.constant"() {value = dense<24> : tensor<12xui32>} : () -> tensor<12xui32>
    %72 = "stablehlo.constant"() {value = dense<8> : tensor<12xui32>} : () -> tensor<12xui32>
    %73 = "stablehlo.shift_left"(%69, %71) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %74 = "stablehlo.shift_right_logical"(%69, %72) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %75 = "stablehlo.or"(%73, %74) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %76 = "stablehlo.xor"(%75, %70) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %77 = "stablehlo.constant"() {value = dense<2> : tensor<12xui32>} : () -> tensor<12xui32>
    %78 = "stablehlo.add"(%70, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %79 = "stablehlo.add"(%76, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %80 = "stablehlo.add"(%79, %77) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %81 = "stablehlo.add"(%78, %80) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %82 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %83 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %84 = "stablehlo.shift_left"(%80, %82) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %85 = "stablehlo.shift_right_logical"(%80, %83) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %86 = "stablehlo.or"(%84, %85) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %87 = "stablehlo.xor"(%86, %81) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %88 = "stablehlo.add"(%81, %87) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %89 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %90 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %91 = "stablehlo.shift_left"(%87, %89) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %92 = "stablehlo.shift_right_logical"(%87, %90) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %93 = "stablehlo.or"(%91, %92) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %94 = "stablehlo.xor"(%93, %88) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %95 = "stablehlo.add"(%88, %94) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %96 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %97 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %98 = "stablehlo.shift_left"(%94, %96) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %99 = "stablehlo.shift_right_logical"(%94, %97) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %100 = "stablehlo.or"(%98, %99) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %101 = "stablehlo.xor"(%100, %95) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %102 = "stablehlo.add"(%95, %101) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %103 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %104 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %105 = "stablehlo.shift_left"(%101, %103) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %106 = "stablehlo.shift_right_logical"(%101, %104) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %107 = "stablehlo.or"(%105, %106) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %108 = "stablehlo.xor"(%107, %102) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %109 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %110 = "stablehlo.add"(%102, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %111 = "stablehlo.add"(%108, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %112 = "stablehlo.add"(%111, %109) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %113 = "stablehlo.add"(%110, %112) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %114 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %115 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %116 = "stablehlo.shift_left"(%112, %114) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %117 = "stablehlo.shift_right_logical"(%112, %115) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %118 = "stablehlo.or"(%116, %117) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %119 = "stablehlo.xor"(%118, %113) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %120 = "stablehlo.add"(%113, %119) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %121 = "stablehlo.constant"() {value = dense<29> : tensor<12xui32>} : () -> tensor<12xui32>
    %122 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %123 = "stablehlo.shift_left"(%119, %121) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %124 = "stablehlo.shift_right_logical"(%119, %122) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %125 = "stablehlo.or"(%123, %124) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %126 = "stablehlo.xor"(%125, %120) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %127 = "stablehlo.add"(%120, %126) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %128 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %129 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %130 = "stablehlo.shift_left"(%126, %128) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %131 = "stablehlo.shift_right_logical"(%126, %129) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %132 = "stablehlo.or"(%130, %131) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %133 = "stablehlo.xor"(%132, %127) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %134 = "stablehlo.add"(%127, %133) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %135 = "stablehlo.constant"() {value = dense<24> : tensor<12xui32>} : () -> tensor<12xui32>
    %136 = "stablehlo.constant"() {value = dense<8> : tensor<12xui32>} : () -> tensor<12xui32>
    %137 = "stablehlo.shift_left"(%133, %135) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %138 = "stablehlo.shift_right_logical"(%133, %136) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %139 = "stablehlo.or"(%137, %138) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %140 = "stablehlo.xor"(%139, %134) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %141 = "stablehlo.constant"() {value = dense<4> : tensor<12xui32>} : () -> tensor<12xui32>
    %142 = "stablehlo.add"(%134, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %143 = "stablehlo.add"(%140, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %144 = "stablehlo.add"(%143, %141) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %145 = "stablehlo.add"(%142, %144) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %146 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %147 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %148 = "stablehlo.shift_left"(%144, %146) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %149 = "stablehlo.shift_right_logical"(%144, %147) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %150 = "stablehlo.or"(%148, %149) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %151 = "stablehlo.xor"(%150, %145) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %152 = "stablehlo.add"(%145, %151) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %153 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %154 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %155 = "stablehlo.shift_left"(%151, %153) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %156 = "stablehlo.shift_right_logical"(%151, %154) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %157 = "stablehlo.or"(%155, %156) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %158 = "stablehlo.xor"(%157, %152) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %159 = "stablehlo.add"(%152, %158) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %160 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %161 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %162 = "stablehlo.shift_left"(%158, %160) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %163 = "stablehlo.shift_right_logical"(%158, %161) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %164 = "stablehlo.or"(%162, %163) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %165 = "stablehlo.xor"(%164, %159) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %166 = "stablehlo.add"(%159, %165) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %167 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %168 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %169 = "stablehlo.shift_left"(%165, %167) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %170 = "stablehlo.shift_right_logical"(%165, %168) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %171 = "stablehlo.or"(%169, %170) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %172 = "stablehlo.xor"(%171, %166) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %173 = "stablehlo.constant"() {value = dense<5> : tensor<12xui32>} : () -> tensor<12xui32>
    %174 = "stablehlo.add"(%166, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %175 = "stablehlo.add"(%172, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %176 = "stablehlo.add"(%175, %173) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %177 = "stablehlo.constant"() {value = dense<8> : tensor<12xui32>} : () -> tensor<12xui32>
    %178 = "stablehlo.shift_right_logical"(%174, %177) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %179 = "stablehlo.convert"(%178) : (tensor<12xui32>) -> tensor<12xf32>
    %180 = "stablehlo.constant"() {value = dense<5.9604644775390625e-8> : tensor<12xf32>} : () -> tensor<12xf32>
    %181 = "stablehlo.multiply"(%179, %180) : (tensor<12xf32>, tensor<12xf32>) -> tensor<12xf32>
    %182 = "stablehlo.reshape"(%181) : (tensor<12xf32>) -> tensor<3x4xf32>
    "func.return"(%182) : (tensor<3x4xf32>) -> ()
  }
}

// rng_normal `normal`
module @dupin {
  func.func public @main(%0: tensor<2xui32>) -> (tensor<3x4xf64>) {
    %1 = "stablehlo.slice"(%0) {start_indices = array<i64: 0>, limit_indices = array<i64: 1>, strides = array<i64: 1>} : (tensor<2xui32>) -> tensor<1xui32>
    %2 = "stablehlo.broadcast_in_dim"(%1) {broadcast_dimensions = array<i64: 0>} : (tensor<1xui32>) -> tensor<12xui32>
    %3 = "stablehlo.slice"(%0) {start_indices = array<i64: 1>, limit_indices = array<i64: 2>, strides = array<i64: 1>} : (tensor<2xui32>) -> tensor<1xui32>
    %4 = "stablehlo.broadcast_in_dim"(%3) {broadcast_dimensions = array<i64: 0>} : (tensor<1xui32>) -> tensor<12xui32>
    %5 = "stablehlo.constant"() {value = dense<466688986> : tensor<12xui32>} : () -> tensor<12xui32>
    %6 = "stablehlo.xor"(%2, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %7 = "stablehlo.xor"(%6, %5) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %8 = "stablehlo.iota"() {iota_dimension = 0 : i64} : () -> tensor<12xui64>
    %9 = "stablehlo.constant"() {value = dense<4294967295> : tensor<12xui64>} : () -> tensor<12xui64>
    %10 = "stablehlo.constant"() {value = dense<32> : tensor<12xui64>} : () -> tensor<12xui64>
    %11 = "stablehlo.and"(%8, %9) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %12 = "stablehlo.shift_right_logical"(%8, %10) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %13 = "stablehlo.convert"(%11) : (tensor<12xui64>) -> tensor<12xui32>
    %14 = "stablehlo.convert"(%12) : (tensor<12xui64>) -> tensor<12xui32>
    %15 = "stablehlo.add"(%13, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %16 = "stablehlo.add"(%14, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %17 = "stablehlo.add"(%15, %16) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %18 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %19 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %20 = "stablehlo.shift_left"(%16, %18) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %21 = "stablehlo.shift_right_logical"(%16, %19) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %22 = "stablehlo.or"(%20, %21) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %23 = "stablehlo.xor"(%22, %17) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %24 = "stablehlo.add"(%17, %23) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %25 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %26 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %27 = "stablehlo.shift_left"(%23, %25) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %28 = "stablehlo.shift_right_logical"(%23, %26) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %29 = "stablehlo.or"(%27, %28) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %30 = "stablehlo.xor"(%29, %24) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %31 = "stablehlo.add"(%24, %30) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %32 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %33 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %34 = "stablehlo.shift_left"(%30, %32) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %35 = "stablehlo.shift_right_logical"(%30, %33) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %36 = "stablehlo.or"(%34, %35) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %37 = "stablehlo.xor"(%36, %31) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %38 = "stablehlo.add"(%31, %37) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %39 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %40 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %41 = "stablehlo.shift_left"(%37, %39) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %42 = "stablehlo.shift_right_logical"(%37, %40) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %43 = "stablehlo.or"(%41, %42) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %44 = "stablehlo.xor"(%43, %38) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %45 = "stablehlo.constant"() {value = dense<1> : tensor<12xui32>} : () -> tensor<12xui32>
    %46 = "stablehlo.add"(%38, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %47 = "stablehlo.add"(%44, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %48 = "stablehlo.add"(%47, %45) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %49 = "stablehlo.add"(%46, %48) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %50 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %51 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %52 = "stablehlo.shift_left"(%48, %50) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %53 = "stablehlo.shift_right_logical"(%48, %51) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %54 = "stablehlo.or"(%52, %53) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %55 = "stablehlo.xor"(%54, %49) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %56 = "stablehlo.add"(%49, %55) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %57 = "stablehlo.constant"() {value = dense<29> : tensor<12xui32>} : () -> tensor<12xui32>
    %58 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %59 = "stablehlo.shift_left"(%55, %57) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %60 = "stablehlo.shift_right_logical"(%55, %58) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %61 = "stablehlo.or"(%59, %60) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %62 = "stablehlo.xor"(%61, %56) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %63 = "stablehlo.add"(%56, %62) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %64 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %65 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %66 = "stablehlo.shift_left"(%62, %64) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %67 = "stablehlo.shift_right_logical"(%62, %65) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %68 = "stablehlo.or"(%66, %67) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %69 = "stablehlo.xor"(%68, %63) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %70 = "stablehlo.add"(%63, %69) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %71 = "stablehlo.constant"() {value = dense<24> : tensor<12xui32>} : () -> tensor<12xui32>
    %72 = "stablehlo.constant"() {value = dense<8> : tensor<12xui32>} : () -> tensor<12xui32>
    %73 = "stablehlo.shift_left"(%69, %71) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %74 = "stablehlo.shift_right_logical"(%69, %72) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %75 = "stablehlo.or"(%73, %74) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %76 = "stablehlo.xor"(%75, %70) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %77 = "stablehlo.constant"() {value = dense<2> : tensor<12xui32>} : () -> tensor<12xui32>
    %78 = "stablehlo.add"(%70, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %79 = "stablehlo.add"(%76, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %80 = "stablehlo.add"(%79, %77) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %81 = "stablehlo.add"(%78, %80) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %82 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %83 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %84 = "stablehlo.shift_left"(%80, %82) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %85 = "stablehlo.shift_right_logical"(%80, %83) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %86 = "stablehlo.or"(%84, %85) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %87 = "stablehlo.xor"(%86, %81) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %88 = "stablehlo.add"(%81, %87) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %89 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %90 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %91 = "stablehlo.shift_left"(%87, %89) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %92 = "stablehlo.shift_right_logical"(%87, %90) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %93 = "stablehlo.or"(%91, %92) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %94 = "stablehlo.xor"(%93, %88) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %95 = "stablehlo.add"(%88, %94) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %96 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %97 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %98 = "stablehlo.shift_left"(%94, %96) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %99 = "stablehlo.shift_right_logical"(%94, %97) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %100 = "stablehlo.or"(%98, %99) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %101 = "stablehlo.xor"(%100, %95) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %102 = "stablehlo.add"(%95, %101) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %103 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %104 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %105 = "stablehlo.shift_left"(%101, %103) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %106 = "stablehlo.shift_right_logical"(%101, %104) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %107 = "stablehlo.or"(%105, %106) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %108 = "stablehlo.xor"(%107, %102) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %109 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %110 = "stablehlo.add"(%102, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %111 = "stablehlo.add"(%108, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %112 = "stablehlo.add"(%111, %109) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %113 = "stablehlo.add"(%110, %112) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %114 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %115 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %116 = "stablehlo.shift_left"(%112, %114) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %117 = "stablehlo.shift_right_logical"(%112, %115) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %118 = "stablehlo.or"(%116, %117) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %119 = "stablehlo.xor"(%118, %113) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %120 = "stablehlo.add"(%113, %119) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %121 = "stablehlo.constant"() {value = dense<29> : tensor<12xui32>} : () -> tensor<12xui32>
    %122 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %123 = "stablehlo.shift_left"(%119, %121) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %124 = "stablehlo.shift_right_logical"(%119, %122) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %125 = "stablehlo.or"(%123, %124) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %126 = "stablehlo.xor"(%125, %120) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %127 = "stablehlo.add"(%120, %126) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %128 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %129 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %130 = "stablehlo.shift_left"(%126, %128) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %131 = "stablehlo.shift_right_logical"(%126, %129) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %132 = "stablehlo.or"(%130, %131) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %133 = "stablehlo.xor"(%132, %127) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %134 = "stablehlo.add"(%127, %133) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %135 = "stablehlo.constant"() {value = dense<24> : tensor<12xui32>} : () -> tensor<12xui32>
    %136 = "stablehlo.constant"() {value = dense<8> : tensor<12xui32>} : () -> tensor<12xui32>
    %137 = "stablehlo.shift_left"(%133, %135) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %138 = "stablehlo.shift_right_logical"(%133, %136) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %139 = "stablehlo.or"(%137, %138) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %140 = "stablehlo.xor"(%139, %134) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %141 = "stablehlo.constant"() {value = dense<4> : tensor<12xui32>} : () -> tensor<12xui32>
    %142 = "stablehlo.add"(%134, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %143 = "stablehlo.add"(%140, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %144 = "stablehlo.add"(%143, %141) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %145 = "stablehlo.add"(%142, %144) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %146 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %147 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %148 = "stablehlo.shift_left"(%144, %146) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %149 = "stablehlo.shift_right_logical"(%144, %147) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %150 = "stablehlo.or"(%148, %149) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %151 = "stablehlo.xor"(%150, %145) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %152 = "stablehlo.add"(%145, %151) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %153 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %154 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %155 = "stablehlo.shift_left"(%151, %153) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %156 = "stablehlo.shift_right_logical"(%151, %154) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %157 = "stablehlo.or"(%155, %156) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %158 = "stablehlo.xor"(%157, %152) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %159 = "stablehlo.add"(%152, %158) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %160 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %161 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %162 = "stablehlo.shift_left"(%158, %160) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %163 = "stablehlo.shift_right_logical"(%158, %161) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %164 = "stablehlo.or"(%162, %163) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %165 = "stablehlo.xor"(%164, %159) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %166 = "stablehlo.add"(%159, %165) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %167 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %168 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %169 = "stablehlo.shift_left"(%165, %167) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %170 = "stablehlo.shift_right_logical"(%165, %168) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %171 = "stablehlo.or"(%169, %170) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %172 = "stablehlo.xor"(%171, %166) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %173 = "stablehlo.constant"() {value = dense<5> : tensor<12xui32>} : () -> tensor<12xui32>
    %174 = "stablehlo.add"(%166, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %175 = "stablehlo.add"(%172, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %176 = "stablehlo.add"(%175, %173) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %177 = "stablehlo.convert"(%174) : (tensor<12xui32>) -> tensor<12xf64>
    %178 = "stablehlo.convert"(%176) : (tensor<12xui32>) -> tensor<12xf64>
    %179 = "stablehlo.constant"() {value = dense<0.5> : tensor<12xf64>} : () -> tensor<12xf64>
    %180 = "stablehlo.add"(%177, %179) : (tensor<12xf64>, tensor<12xf64>) -> tensor<12xf64>
    %181 = "stablehlo.constant"() {value = dense<2.3283064365386963e-10> : tensor<12xf64>} : () -> tensor<12xf64>
    %182 = "stablehlo.multiply"(%180, %181) : (tensor<12xf64>, tensor<12xf64>) -> tensor<12xf64>
    %183 = "stablehlo.constant"() {value = dense<2.3283064365386963e-10> : tensor<12xf64>} : () -> tensor<12xf64>
    %184 = "stablehlo.multiply"(%178, %183) : (tensor<12xf64>, tensor<12xf64>) -> tensor<12xf64>
    %185 = "stablehlo.log"(%182) : (tensor<12xf64>) -> tensor<12xf64>
    %186 = "stablehlo.constant"() {value = dense<-2.0> : tensor<12xf64>} : () -> tensor<12xf64>
    %187 = "stablehlo.multiply"(%185, %186) : (tensor<12xf64>, tensor<12xf64>) -> tensor<12xf64>
    %188 = "stablehlo.sqrt"(%187) : (tensor<12xf64>) -> tensor<12xf64>
    %189 = "stablehlo.constant"() {value = dense<6.283185307179586> : tensor<12xf64>} : () -> tensor<12xf64>
    %190 = "stablehlo.multiply"(%184, %189) : (tensor<12xf64>, tensor<12xf64>) -> tensor<12xf64>
    %191 = "stablehlo.cosine"(%190) : (tensor<12xf64>) -> tensor<12xf64>
    %192 = "stablehlo.multiply"(%188, %191) : (tensor<12xf64>, tensor<12xf64>) -> tensor<12xf64>
    %193 = "stablehlo.reshape"(%192) : (tensor<12xf64>) -> tensor<3x4xf64>
    "func.return"(%193) : (tensor<3x4xf64>) -> ()
  }
}

// rng_rademacher `rademacher`
module @dupin {
  func.func public @main(%0: tensor<2xui32>) -> (tensor<3x4xf64>) {
    %1 = "stablehlo.slice"(%0) {start_indices = array<i64: 0>, limit_indices = array<i64: 1>, strides = array<i64: 1>} : (tensor<2xui32>) -> tensor<1xui32>
    %2 = "stablehlo.broadcast_in_dim"(%1) {broadcast_dimensions = array<i64: 0>} : (tensor<1xui32>) -> tensor<12xui32>
    %3 = "stablehlo.slice"(%0) {start_indices = array<i64: 1>, limit_indices = array<i64: 2>, strides = array<i64: 1>} : (tensor<2xui32>) -> tensor<1xui32>
    %4 = "stablehlo.broadcast_in_dim"(%3) {broadcast_dimensions = array<i64: 0>} : (tensor<1xui32>) -> tensor<12xui32>
    %5 = "stablehlo.constant"() {value = dense<466688986> : tensor<12xui32>} : () -> tensor<12xui32>
    %6 = "stablehlo.xor"(%2, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %7 = "stablehlo.xor"(%6, %5) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %8 = "stablehlo.iota"() {iota_dimension = 0 : i64} : () -> tensor<12xui64>
    %9 = "stablehlo.constant"() {value = dense<4294967295> : tensor<12xui64>} : () -> tensor<12xui64>
    %10 = "stablehlo.constant"() {value = dense<32> : tensor<12xui64>} : () -> tensor<12xui64>
    %11 = "stablehlo.and"(%8, %9) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %12 = "stablehlo.shift_right_logical"(%8, %10) : (tensor<12xui64>, tensor<12xui64>) -> tensor<12xui64>
    %13 = "stablehlo.convert"(%11) : (tensor<12xui64>) -> tensor<12xui32>
    %14 = "stablehlo.convert"(%12) : (tensor<12xui64>) -> tensor<12xui32>
    %15 = "stablehlo.add"(%13, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %16 = "stablehlo.add"(%14, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %17 = "stablehlo.add"(%15, %16) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %18 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %19 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %20 = "stablehlo.shift_left"(%16, %18) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %21 = "stablehlo.shift_right_logical"(%16, %19) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %22 = "stablehlo.or"(%20, %21) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %23 = "stablehlo.xor"(%22, %17) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %24 = "stablehlo.add"(%17, %23) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %25 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %26 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %27 = "stablehlo.shift_left"(%23, %25) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %28 = "stablehlo.shift_right_logical"(%23, %26) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %29 = "stablehlo.or"(%27, %28) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %30 = "stablehlo.xor"(%29, %24) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %31 = "stablehlo.add"(%24, %30) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %32 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %33 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %34 = "stablehlo.shift_left"(%30, %32) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %35 = "stablehlo.shift_right_logical"(%30, %33) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %36 = "stablehlo.or"(%34, %35) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %37 = "stablehlo.xor"(%36, %31) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %38 = "stablehlo.add"(%31, %37) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %39 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %40 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %41 = "stablehlo.shift_left"(%37, %39) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %42 = "stablehlo.shift_right_logical"(%37, %40) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %43 = "stablehlo.or"(%41, %42) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %44 = "stablehlo.xor"(%43, %38) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %45 = "stablehlo.constant"() {value = dense<1> : tensor<12xui32>} : () -> tensor<12xui32>
    %46 = "stablehlo.add"(%38, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %47 = "stablehlo.add"(%44, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %48 = "stablehlo.add"(%47, %45) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %49 = "stablehlo.add"(%46, %48) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %50 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %51 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %52 = "stablehlo.shift_left"(%48, %50) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %53 = "stablehlo.shift_right_logical"(%48, %51) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %54 = "stablehlo.or"(%52, %53) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %55 = "stablehlo.xor"(%54, %49) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %56 = "stablehlo.add"(%49, %55) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %57 = "stablehlo.constant"() {value = dense<29> : tensor<12xui32>} : () -> tensor<12xui32>
    %58 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %59 = "stablehlo.shift_left"(%55, %57) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %60 = "stablehlo.shift_right_logical"(%55, %58) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %61 = "stablehlo.or"(%59, %60) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %62 = "stablehlo.xor"(%61, %56) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %63 = "stablehlo.add"(%56, %62) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %64 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %65 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %66 = "stablehlo.shift_left"(%62, %64) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %67 = "stablehlo.shift_right_logical"(%62, %65) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %68 = "stablehlo.or"(%66, %67) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %69 = "stablehlo.xor"(%68, %63) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %70 = "stablehlo.add"(%63, %69) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %71 = "stablehlo.constant"() {value = dense<24> : tensor<12xui32>} : () -> tensor<12xui32>
    %72 = "stablehlo.constant"() {value = dense<8> : tensor<12xui32>} : () -> tensor<12xui32>
    %73 = "stablehlo.shift_left"(%69, %71) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %74 = "stablehlo.shift_right_logical"(%69, %72) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %75 = "stablehlo.or"(%73, %74) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %76 = "stablehlo.xor"(%75, %70) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %77 = "stablehlo.constant"() {value = dense<2> : tensor<12xui32>} : () -> tensor<12xui32>
    %78 = "stablehlo.add"(%70, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %79 = "stablehlo.add"(%76, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %80 = "stablehlo.add"(%79, %77) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %81 = "stablehlo.add"(%78, %80) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %82 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %83 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %84 = "stablehlo.shift_left"(%80, %82) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %85 = "stablehlo.shift_right_logical"(%80, %83) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %86 = "stablehlo.or"(%84, %85) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %87 = "stablehlo.xor"(%86, %81) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %88 = "stablehlo.add"(%81, %87) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %89 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %90 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %91 = "stablehlo.shift_left"(%87, %89) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %92 = "stablehlo.shift_right_logical"(%87, %90) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %93 = "stablehlo.or"(%91, %92) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %94 = "stablehlo.xor"(%93, %88) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %95 = "stablehlo.add"(%88, %94) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %96 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %97 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %98 = "stablehlo.shift_left"(%94, %96) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %99 = "stablehlo.shift_right_logical"(%94, %97) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %100 = "stablehlo.or"(%98, %99) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %101 = "stablehlo.xor"(%100, %95) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %102 = "stablehlo.add"(%95, %101) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %103 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %104 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %105 = "stablehlo.shift_left"(%101, %103) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %106 = "stablehlo.shift_right_logical"(%101, %104) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %107 = "stablehlo.or"(%105, %106) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %108 = "stablehlo.xor"(%107, %102) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %109 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %110 = "stablehlo.add"(%102, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %111 = "stablehlo.add"(%108, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %112 = "stablehlo.add"(%111, %109) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %113 = "stablehlo.add"(%110, %112) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %114 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %115 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %116 = "stablehlo.shift_left"(%112, %114) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %117 = "stablehlo.shift_right_logical"(%112, %115) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %118 = "stablehlo.or"(%116, %117) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %119 = "stablehlo.xor"(%118, %113) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %120 = "stablehlo.add"(%113, %119) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %121 = "stablehlo.constant"() {value = dense<29> : tensor<12xui32>} : () -> tensor<12xui32>
    %122 = "stablehlo.constant"() {value = dense<3> : tensor<12xui32>} : () -> tensor<12xui32>
    %123 = "stablehlo.shift_left"(%119, %121) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %124 = "stablehlo.shift_right_logical"(%119, %122) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %125 = "stablehlo.or"(%123, %124) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %126 = "stablehlo.xor"(%125, %120) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %127 = "stablehlo.add"(%120, %126) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %128 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %129 = "stablehlo.constant"() {value = dense<16> : tensor<12xui32>} : () -> tensor<12xui32>
    %130 = "stablehlo.shift_left"(%126, %128) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %131 = "stablehlo.shift_right_logical"(%126, %129) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %132 = "stablehlo.or"(%130, %131) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %133 = "stablehlo.xor"(%132, %127) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %134 = "stablehlo.add"(%127, %133) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %135 = "stablehlo.constant"() {value = dense<24> : tensor<12xui32>} : () -> tensor<12xui32>
    %136 = "stablehlo.constant"() {value = dense<8> : tensor<12xui32>} : () -> tensor<12xui32>
    %137 = "stablehlo.shift_left"(%133, %135) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %138 = "stablehlo.shift_right_logical"(%133, %136) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %139 = "stablehlo.or"(%137, %138) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %140 = "stablehlo.xor"(%139, %134) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %141 = "stablehlo.constant"() {value = dense<4> : tensor<12xui32>} : () -> tensor<12xui32>
    %142 = "stablehlo.add"(%134, %4) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %143 = "stablehlo.add"(%140, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %144 = "stablehlo.add"(%143, %141) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %145 = "stablehlo.add"(%142, %144) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %146 = "stablehlo.constant"() {value = dense<13> : tensor<12xui32>} : () -> tensor<12xui32>
    %147 = "stablehlo.constant"() {value = dense<19> : tensor<12xui32>} : () -> tensor<12xui32>
    %148 = "stablehlo.shift_left"(%144, %146) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %149 = "stablehlo.shift_right_logical"(%144, %147) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %150 = "stablehlo.or"(%148, %149) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %151 = "stablehlo.xor"(%150, %145) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %152 = "stablehlo.add"(%145, %151) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %153 = "stablehlo.constant"() {value = dense<15> : tensor<12xui32>} : () -> tensor<12xui32>
    %154 = "stablehlo.constant"() {value = dense<17> : tensor<12xui32>} : () -> tensor<12xui32>
    %155 = "stablehlo.shift_left"(%151, %153) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %156 = "stablehlo.shift_right_logical"(%151, %154) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %157 = "stablehlo.or"(%155, %156) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %158 = "stablehlo.xor"(%157, %152) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %159 = "stablehlo.add"(%152, %158) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %160 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %161 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %162 = "stablehlo.shift_left"(%158, %160) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %163 = "stablehlo.shift_right_logical"(%158, %161) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %164 = "stablehlo.or"(%162, %163) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %165 = "stablehlo.xor"(%164, %159) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %166 = "stablehlo.add"(%159, %165) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %167 = "stablehlo.constant"() {value = dense<6> : tensor<12xui32>} : () -> tensor<12xui32>
    %168 = "stablehlo.constant"() {value = dense<26> : tensor<12xui32>} : () -> tensor<12xui32>
    %169 = "stablehlo.shift_left"(%165, %167) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %170 = "stablehlo.shift_right_logical"(%165, %168) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %171 = "stablehlo.or"(%169, %170) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %172 = "stablehlo.xor"(%171, %166) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %173 = "stablehlo.constant"() {value = dense<5> : tensor<12xui32>} : () -> tensor<12xui32>
    %174 = "stablehlo.add"(%166, %7) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %175 = "stablehlo.add"(%172, %2) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %176 = "stablehlo.add"(%175, %173) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %177 = "stablehlo.constant"() {value = dense<1> : tensor<12xui32>} : () -> tensor<12xui32>
    %178 = "stablehlo.and"(%174, %177) : (tensor<12xui32>, tensor<12xui32>) -> tensor<12xui32>
    %179 = "stablehlo.convert"(%178) : (tensor<12xui32>) -> tensor<12xf64>
    %180 = "stablehlo.constant"() {value = dense<2.0> : tensor<12xf64>} : () -> tensor<12xf64>
    %181 = "stablehlo.multiply"(%179, %180) : (tensor<12xf64>, tensor<12xf64>) -> tensor<12xf64>
    %182 = "stablehlo.constant"() {value = dense<1.0> : tensor<12xf64>} : () -> tensor<12xf64>
    %183 = "stablehlo.subtract"(%181, %182) : (tensor<12xf64>, tensor<12xf64>) -> tensor<12xf64>
    %184 = "stablehlo.reshape"(%183) : (tensor<12xf64>) -> tensor<3x4xf64>
    "func.return"(%184) : (tensor<3x4xf64>) -> ()
  }
}

// all_reduce `matrix`
module @dupin {
  func.func public @main(%0: tensor<2x3xf64>) -> (tensor<2x3xf64>) {
    "func.return"(%0) : (tensor<2x3xf64>) -> ()
  }
}

// all_reduce `scalar`
module @dupin {
  func.func public @main(%0: tensor<f64>) -> (tensor<f64>) {
    "func.return"(%0) : (tensor<f64>) -> ()
  }
}
