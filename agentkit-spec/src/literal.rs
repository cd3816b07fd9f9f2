//! Small literals of the language: versions, time spans, sizes, limits, places.

/// `1.0.0`.
pub(crate) fn version(text: &str) -> Option<[u32; 3]> {
    let mut parts = text.split('.');
    let version = [part(parts.next())?, part(parts.next())?, part(parts.next())?];
    parts.next().is_none().then_some(version)
}

fn part(text: Option<&str>) -> Option<u32> {
    let text = text?;
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    text.parse().ok().filter(|_| plain)
}

/// Milliseconds of `500ms`, `30s`, `5m`, `12h`, `7d`.
pub(crate) fn time_span(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).filter(|span| *span > 0)
}

/// Bytes of `512kB`, `40MB`, `1MiB`.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let bytes = match unit {
        "B" => 1,
        "kB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(bytes).filter(|size| *size > 0)
}

/// Number and seconds of `50/min`.
pub(crate) fn limit(text: &str) -> Option<(u32, u32)> {
    let (number, unit) = text.split_once('/')?;
    let period = match unit {
        "sec" => 1,
        "min" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    (number > 0).then_some((number, period))
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit))
}

/// The version that is meant by one of another form.
pub(crate) fn mended_version(text: &str) -> String {
    let parts: Vec<&str> = text.trim_start_matches('v').split('.').take(3).collect();
    let padded: Vec<&str> = parts.into_iter().chain(["0", "0"]).take(3).collect();
    Some(padded.join(".")).filter(|text| version(text).is_some()).unwrap_or_else(|| "1.0.0".to_owned())
}

/// The time span that is meant by one of another form.
pub(crate) fn mended_time_span(text: &str) -> String {
    let (number, word) = number_and_word(text);
    let unit = match word.as_str() {
        "ms" | "millis" | "milliseconds" => "ms",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => "s",
    };
    Some(format!("{number}{unit}")).filter(|text| time_span(text).is_some()).unwrap_or_else(|| "30s".to_owned())
}

/// The size that is meant by one of another form.
pub(crate) fn mended_size(text: &str) -> String {
    let (number, word) = number_and_word(text);
    let unit = match word.as_str() {
        "b" | "bytes" => "B",
        "k" | "kb" => "kB",
        "kib" => "KiB",
        "mib" => "MiB",
        "g" | "gb" => "GB",
        _ => "MB",
    };
    Some(format!("{number}{unit}")).filter(|text| size(text).is_some()).unwrap_or_else(|| "40MB".to_owned())
}

/// The limit that is meant by one of another form: `50 per minute`.
pub(crate) fn mended_limit(text: &str) -> String {
    let (number, word) = number_and_word(text);
    let unit = match word.as_str() {
        "s" | "sec" | "second" | "seconds" => "sec",
        "h" | "hr" | "hour" | "hours" => "hour",
        "d" | "day" | "days" => "day",
        _ => "min",
    };
    Some(format!("{number}/{unit}")).filter(|text| limit(text).is_some()).unwrap_or_else(|| "50/min".to_owned())
}

/// The digits that a text begins with, and its last word. With further digits, as in `1.5h` or `50 per 10 seconds`, the
/// first ones alone would say something else, so there are none.
fn number_and_word(text: &str) -> (&str, String) {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let word = text.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let (number, rest) = text.split_at(digits);
    let number = if rest.contains(|c: char| c.is_ascii_digit()) { "" } else { number };
    (number, word.to_ascii_lowercase())
}
