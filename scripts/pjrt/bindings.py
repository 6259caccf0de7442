"""Writes crates/dupin-pjrt/src/ffi/bindings.rs from the public header of the PJRT C API.

    pip download --no-deps xla-cpu-pjrt==0.0.1 && python -m zipfile -e xla_cpu_pjrt-*.whl wheel
    python scripts/pjrt/bindings.py wheel/xla_plugins/xla_cpu_pjrt/include/pjrt_c_api.h | rustfmt --edition 2024 >crates/dupin-pjrt/src/ffi/bindings.rs

Of the header it knows what the header uses: structs of pointers, integers and function pointers, enums, and the table of functions. Only
the functions in USED get their types; the others keep their place in the table. With `--check` it writes a C program that prints the size
of every struct instead: compile it against the header and compare with the test `sizes_are_those_of_the_header`.
"""

import re
import sys

USED = """Error_Destroy Error_Message Error_GetCode Plugin_Initialize Event_Destroy Event_Await Client_Create Client_Destroy Client_PlatformName
Client_PlatformVersion Client_AddressableDevices Client_Compile Client_BufferFromHostBuffer DeviceDescription_Id DeviceDescription_Kind
Device_GetDescription Executable_Destroy Executable_Serialize Executable_NumOutputs LoadedExecutable_Destroy
LoadedExecutable_GetExecutable LoadedExecutable_Execute Executable_DeserializeAndLoad Buffer_Destroy Buffer_ToHostBuffer Buffer_ReadyEvent
Executable_GetCompiledMemoryStats""".split()
ALSO = ["NamedValue", "Program", "ExecuteOptions", "Buffer_MemoryLayout_Tiled", "Buffer_MemoryLayout"]
ENUMS = ["Error_Code", "NamedValue_Type", "Buffer_Type", "HostBufferSemantics", "Buffer_MemoryLayout_Type"]
VALUES = """RESOURCE_EXHAUSTED UNIMPLEMENTED PRED S32 U32 F32 F64 kInt64 kImmutableOnlyDuringCall Tiled""".split()

SCALARS = {"size_t": "usize", "int": "c_int", "int64_t": "i64", "bool": "bool", "char": "c_char", "void": "c_void", "float": "f32"}

text = open(sys.argv[1]).read()
major = re.search(r"#define PJRT_API_MAJOR (\d+)", text)[1]
minor = re.search(r"#define PJRT_API_MINOR (\d+)", text)[1]
plain = re.sub(r"//.*", "", text)
# Of a union the first member stands for all: it must be the largest, which the sizes show.
plain = re.sub(r"union \{\s*([^;]*;).*?\};", r"\1", plain, flags=re.S)
opaque, callbacks = set(), {}


def rust(ctype):
    """The Rust type and the value of a field that is not set."""
    ctype = ctype.strip()
    if ctype.endswith("*const") or ctype.endswith("*"):
        inner = ctype.rsplit("*", 1)[0].strip()
        const = False
        if inner.startswith("const ") and "*" not in inner:
            const, inner = True, inner[6:]
        elif inner.endswith("const"):
            const, inner = True, inner[:-5].strip()
        kind = "const" if const else "mut"
        return f"*{kind} {rust(inner)[0]}", "null()" if const else "null_mut()"
    ctype = ctype.removeprefix("struct ")
    if ctype in SCALARS:
        return SCALARS[ctype], {"bool": "false", "float": "0.0"}.get(ctype, "0")
    if ctype in [f"PJRT_{e}" for e in ENUMS]:
        return "c_int", "0"
    if re.search(rf"typedef [^;]*\(\*{ctype}\)", plain):  # a callback, never given
        return "Option<unsafe extern \"C\" fn()>", "None"
    if ctype in [f"PJRT_{a}" for a in ALSO]:
        return ctype, f"{ctype}::new()"
    opaque.add(ctype)
    return ctype, None


def fields(name):
    body = re.search(rf"struct {name} \{{(.*?)\n\}}", plain, re.S)[1]
    out = []
    for line in filter(None, (re.sub(r"\s+", " ", f).strip() for f in body.split(";"))):
        pointer = re.match(r"void \(\*(\w+)\)\( ?(\w+)\* \w+\)$", line)
        if pointer:
            opaque.add(pointer[2])
            out.append((pointer[1], f'Option<unsafe extern "C" fn(*mut {pointer[2]})>', "None"))
        else:
            ctype, field = re.match(r"(.*?)(\w+)$", line).groups()
            out.append(("r#type" if field == "type" else field, *rust(ctype)))
    return out


names = [f"PJRT_{u}_Args" for u in USED] + [f"PJRT_{a}" for a in ALSO]
structs = {n: fields(n) for n in names}
if "--check" in sys.argv:
    print(f'#include <stdio.h>\n#include "{sys.argv[1]}"\nint main() {{')
    for n in names:
        print(f'  printf("(\\"{n}\\", {n}::new().struct_size, %d),\\n", (int){n}_STRUCT_SIZE);')
    print('  printf("table %d\\n", (int)PJRT_Api_STRUCT_SIZE);\n}')
    sys.exit()

table = re.findall(r"_PJRT_API_STRUCT_FIELD\((PJRT_\w+)\);", plain)
opaque -= {"PJRT_Extension_Base", *names}
print(f"""//! Types of the PJRT C API, version {major}.{minor}: written by `scripts/pjrt/bindings.py` from the API's public header, not by hand.

#![expect(non_snake_case, non_camel_case_types, non_upper_case_globals, reason = "the names of the header")]
#![allow(dead_code, reason = "fields that keep their place")]

use std::ffi::{{c_char, c_int, c_void}};
use std::mem::offset_of;
use std::ptr::{{null, null_mut}};

/// Version of the header.
pub(crate) const VERSION: (c_int, c_int) = ({major}, {minor});
""")
for name in ENUMS:
    body = next(b for b in re.findall(r"typedef enum \{(.*?)\}\s*(\w+);", plain, re.S) if b[1] == f"PJRT_{name}")[0]
    value = 0
    for item in filter(None, (i.strip() for i in body.split(","))):
        item, _, given = (p.strip() for p in item.partition("="))
        value = int(given) if given else value
        if item.removeprefix(f"PJRT_{name}_").removeprefix(f"PJRT_{name.removesuffix('_Type')}_") in VALUES:
            print(f"pub(crate) const {item}: c_int = {value};")
        value += 1
print("\n/// The head of extensions, none of which is used.\npub(crate) type PJRT_Extension_Base = c_void;\n")
for name in sorted(opaque):
    print(f"#[repr(C)]\npub(crate) struct {name} {{\n    opaque: [u8; 0],\n}}\n")
print("""/// Structs of the C API, each with `new`: nothing set but the size, which is the end of the last field.
macro_rules! structs {
    ($($name:ident { $($field:ident: $ty:ty = $value:expr,)* })*) => { $(
        #[repr(C)]
        pub(crate) struct $name {
            pub(crate) struct_size: usize,
            pub(crate) extension_start: *mut PJRT_Extension_Base,
            $(pub(crate) $field: $ty,)*
        }

        impl $name {
            /// Nothing set but the size.
            pub(crate) const fn new() -> Self {
                let ends = [2 * size_of::<usize>() $(, offset_of!($name, $field) + size_of::<$ty>())*];
                Self { struct_size: ends[ends.len() - 1], extension_start: null_mut() $(, $field: $value)* }
            }
        }
    )* };
}

structs! {""")
for name, members in structs.items():
    print(f"    {name} {{")
    for field, ty, value in members[2:]:
        print(f"        {field}: {ty} = {value},")
    print("    }")
print("}\n")
print("/// The table of functions. Older plugins have a shorter one, newer ones a longer one: its `struct_size` says.\n#[repr(C)]\npub(crate) struct PJRT_Api {")
print("    pub(crate) struct_size: usize,\n    pub(crate) extension_start: *mut PJRT_Extension_Base,\n    pub(crate) version: PJRT_Api_Version,")
unused = 0
for function in [*table, None]:
    used = function and function.removeprefix("PJRT_") in USED
    if unused and (used or not function):
        print(f"    unused_before_{function or 'the_end'}: [Option<unsafe extern \"C\" fn()>; {unused}],")
        unused = 0
    if used:
        void = f"typedef void {function}(" in plain
        result = "" if void else " -> *mut PJRT_Error"
        print(f'    pub(crate) {function}: Option<unsafe extern "C" fn(*mut {function}_Args){result}>,')
    else:
        unused += 1
print("}\n\n/// Version of a plugin.\n#[repr(C)]\npub(crate) struct PJRT_Api_Version {\n    pub(crate) struct_size: usize,\n    pub(crate) extension_start: *mut PJRT_Extension_Base,")
print("    pub(crate) major: c_int,\n    pub(crate) minor: c_int,\n}")
