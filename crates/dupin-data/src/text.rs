//! Text for models that predict the next character.
//!
//! The vocabulary is the different characters of the whole text, in the order of their code points. The text is cut in
//! two, beginning and end, and each part into windows of equal length that share no character: window `i` holds the
//! characters `i·length ..`, its labels are the same characters one further.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dataset::{Dataset, Split};
use crate::error::Error;

/// The most bytes of a text file: 1 GiB.
pub const MAX_BYTES: u64 = 1 << 30;

/// Characters of a window, when nothing else is asked for.
pub const LENGTH: usize = 64;

/// Share of a text that is its test part, when nothing else is asked for.
pub const TEST_SHARE: f64 = 0.1;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TextProblem {
    /// Not UTF-8.
    #[error("byte {at} (counting from 0) is not UTF-8; convert the file, as by `iconv -t UTF-8`")]
    NotUtf8 {
        /// Where the first bad byte is.
        at: usize,
    },
    /// More different characters than a token can number.
    #[error("it has {found} different characters, at most {limit} can be told apart; give a text in one language")]
    Vocabulary {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A part holds no window.
    #[error(
        "its {part} part has {characters} characters, fewer than the {needed} of one window and the character behind it; give a longer text or a shorter `length`"
    )]
    TooShort {
        /// `training` or `test`.
        part: &'static str,
        /// Characters of the part.
        characters: usize,
        /// Characters needed.
        needed: usize,
    },
    /// More than [`MAX_BYTES`].
    #[error("it has {bytes} bytes, at most {MAX_BYTES} are read; give a part of it")]
    TooLarge {
        /// Bytes of the file.
        bytes: u64,
    },
}

/// Reads the text file `file` and splits it.
///
/// # Shapes and units
/// As of [`read`].
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::Text`] if it is no text or too short.
pub fn read_file(name: &str, file: &Path, length: usize, test: f64) -> Result<Split, Error> {
    let io = |source| Error::Io { file: file.to_owned(), source };
    let bytes = std::fs::metadata(file).map_err(io)?.len();
    if bytes > MAX_BYTES {
        return Err(Error::Text { file: file.to_owned(), problem: TextProblem::TooLarge { bytes } });
    }
    let bytes = std::fs::read(file).map_err(io)?;
    read(name, file, &bytes, length, test)
}

/// Splits the text that `bytes` hold; `file` is what errors call it.
///
/// # Errors
/// [`Error::Text`] if it is no text or too short.
pub fn read(name: &str, file: &Path, bytes: &[u8], length: usize, test: f64) -> Result<Split, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| TextProblem::NotUtf8 { at: error.valid_up_to() });
    let outcome = text.and_then(|text| cut(text, length, test));
    let problem = |problem| Error::Text { file: PathBuf::from(file), problem };
    let Cut { tokens, vocabulary, train, test } = outcome.map_err(problem)?;
    let part =
        |part: &str, starts| Dataset::windows(format!("{name}/{part}"), tokens.clone(), starts, length, vocabulary.clone());
    Ok(Split { train: part("train", train)?, test: part("test", test)? })
}

struct Cut {
    tokens: Arc<[u16]>,
    vocabulary: Vec<String>,
    /// Where the windows of each part start.
    train: Vec<usize>,
    test: Vec<usize>,
}

fn cut(text: &str, length: usize, test: f64) -> Result<Cut, TextProblem> {
    let mut characters: Vec<char> = text.chars().collect();
    let count = characters.len();
    let test = ((count as f64 * test).round() as usize).min(count);
    let windows = |part, from: usize, to: usize| {
        let needed = length.saturating_add(1);
        match (to - from).saturating_sub(1) / length.max(1) {
            0 => Err(TextProblem::TooShort { part, characters: to - from, needed }),
            windows => Ok((0..windows).map(|i| from + i * length).collect()),
        }
    };
    let (train, test) = (windows("training", 0, count - test)?, windows("test", count - test, count)?);

    let all = characters.clone();
    characters.sort_unstable();
    characters.dedup();
    let limit = usize::from(u16::MAX) + 1;
    if characters.len() > limit {
        return Err(TextProblem::Vocabulary { found: characters.len(), limit });
    }
    let token = |c: &char| characters.binary_search(c).expect("the vocabulary holds every character") as u16;
    let tokens = all.iter().map(token).collect();
    Ok(Cut { tokens, vocabulary: characters.iter().copied().map(shown).collect(), train, test })
}

/// A character as it can be read in a list.
fn shown(c: char) -> String {
    if c.is_whitespace() || c.is_control() || c == ',' { format!("{c:?}") } else { c.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::ExampleShape;

    fn refusal(bytes: &[u8], length: usize, test: f64) -> String {
        read("t", Path::new("t.txt"), bytes, length, test).unwrap_err().to_string()
    }

    #[test]
    fn windows_share_no_character_and_labels_are_one_further() {
        // 15 characters to train, 6 to test: abc ab\\n cab cab, the last label being é, and bca, followed by c.
        let split = read("t", Path::new("t.txt"), "abcab\ncabcabéa bcacba".as_bytes(), 3, 0.3).unwrap();
        assert_eq!(split.train.class_names(), ["'\\n'", "' '", "a", "b", "c", "é"]);
        assert_eq!(split.train.shape(), ExampleShape::Text { length: 3 });
        assert_eq!((split.train.len(), split.test.len()), (4, 1));
        assert_eq!(split.train.rows(&[0, 1, 3]).unwrap().tokens(), [2, 3, 4, 2, 3, 0, 4, 2, 3]);
        assert_eq!(split.train.targets(&[0, 1, 3]), [3, 4, 2, 3, 0, 4, 2, 3, 5]);
        assert_eq!(split.test.rows(&[0]).unwrap().tokens(), [3, 4, 2]);
        assert_eq!(split.test.targets(&[0]), [4, 2, 4]);
        assert_eq!(split.train.class_counts(), [1, 0, 3, 4, 3, 1]);
        assert_eq!(split.train.select(&[3, 1]).unwrap().rows(&[0, 1]).unwrap().tokens(), [4, 2, 3, 2, 3, 0]);
        assert_eq!(split.train.balanced_head(2).unwrap(), split.train.head(2).unwrap());
        assert!(
            split.describe().starts_with("t/train: 4 pieces of text, characters each: 3, 6 different characters\n  '\\n' 1, ")
        );
    }

    #[test]
    fn refuses_what_is_no_text_or_too_short() {
        assert_eq!(
            refusal(b"ab\xff", 1, 0.5),
            "t.txt cannot be used as text: byte 2 (counting from 0) is not UTF-8; convert the file, as by `iconv -t UTF-8`"
        );
        assert_eq!(
            refusal(b"abcdefghij", 8, 0.1),
            "t.txt cannot be used as text: its test part has 1 characters, fewer than the 9 of one window and the character behind it; give a longer text or a shorter `length`"
        );
        assert!(refusal(b"", 8, 0.1).contains("its training part has 0 characters"));
        assert!(refusal(b"abc", usize::MAX, 0.5).contains("its training part has 1 characters"));
        let wide: String = (0..70_000u32).filter_map(|c| char::from_u32(c + 0x1_0000)).collect();
        assert!(refusal(wide.as_bytes(), 1, 0.5).contains("70000 different characters, at most 65536"));
    }
}
