//! The emoji of common reaction names. Other names, such as those of custom emoji, stay words.

/// The emoji of a reaction name, such as `+1` or `heart`. A skin tone is left out.
pub(super) fn of(name: &str) -> &str {
    let name = name.split("::").next().unwrap_or(name);
    EMOJI.iter().find(|(names, _)| names.contains(&name)).map_or(name, |(_, emoji)| emoji)
}

const EMOJI: [(&[&str], &str); 40] = [
    (&["+1", "thumbsup"], "👍"),
    (&["-1", "thumbsdown"], "👎"),
    (&["heart"], "❤️"),
    (&["smile"], "😄"),
    (&["slightly_smiling_face"], "🙂"),
    (&["grinning"], "😀"),
    (&["laughing", "satisfied"], "😆"),
    (&["joy"], "😂"),
    (&["rolling_on_the_floor_laughing", "rofl"], "🤣"),
    (&["wink"], "😉"),
    (&["heart_eyes"], "😍"),
    (&["thinking_face", "thinking"], "🤔"),
    (&["cry"], "😢"),
    (&["sob"], "😭"),
    (&["open_mouth"], "😮"),
    (&["scream"], "😱"),
    (&["sweat_smile"], "😅"),
    (&["sunglasses"], "😎"),
    (&["tada"], "🎉"),
    (&["clap"], "👏"),
    (&["pray"], "🙏"),
    (&["wave"], "👋"),
    (&["raised_hands"], "🙌"),
    (&["ok_hand"], "👌"),
    (&["muscle"], "💪"),
    (&["eyes"], "👀"),
    (&["fire"], "🔥"),
    (&["rocket"], "🚀"),
    (&["100"], "💯"),
    (&["star"], "⭐"),
    (&["sparkles"], "✨"),
    (&["bulb"], "💡"),
    (&["white_check_mark"], "✅"),
    (&["heavy_check_mark"], "✔️"),
    (&["x"], "❌"),
    (&["warning"], "⚠️"),
    (&["question"], "❓"),
    (&["exclamation", "heavy_exclamation_mark"], "❗"),
    (&["bug"], "🐛"),
    (&["coffee"], "☕"),
];
