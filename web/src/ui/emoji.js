// Common emoji with the words that find them, the picker, and the completion of `:name:`. Loaded when a user
// first looks for one.

import { language, t } from "../i18n/index.js";
import { fill, h, openDialog } from "./dom.js";

/**
 * An emoji, its name, and all words that find it.
 * @typedef {{emoji: string, name: string, words: string[]}} Entry
 */

/** @type {[string, string][]} */
export const EMOJI = [
  ["👍", "thumbs up +1 yes"], ["👎", "thumbs down -1 no"], ["❤️", "heart love"], ["😂", "joy laugh tears"],
  ["😄", "smile happy"], ["😃", "smiley"], ["😀", "grinning"], ["😁", "grin"], ["😆", "laughing"],
  ["😅", "sweat smile"], ["🤣", "rofl"], ["😊", "blush"], ["🙂", "slight smile"], ["😉", "wink"],
  ["😍", "heart eyes"], ["😘", "kiss"], ["😎", "sunglasses cool"], ["🤩", "star struck"], ["🤔", "thinking"],
  ["🤨", "raised eyebrow"], ["😐", "neutral"], ["😑", "expressionless"], ["😶", "no mouth"],
  ["🙄", "rolling eyes"], ["😏", "smirk"], ["😣", "persevere"], ["😥", "sad relieved"], ["😮", "open mouth wow"],
  ["🤐", "zipper mouth"], ["😯", "hushed"], ["😪", "sleepy"], ["😫", "tired"], ["😴", "sleeping"],
  ["😌", "relieved"], ["😛", "tongue"], ["😜", "wink tongue"], ["🤤", "drooling"], ["😒", "unamused"],
  ["😓", "sweat"], ["😔", "pensive"], ["😕", "confused"], ["🙃", "upside down"], ["🤑", "money mouth"],
  ["😲", "astonished"], ["☹️", "frowning"], ["🙁", "slight frown"], ["😖", "confounded"],
  ["😞", "disappointed"], ["😟", "worried"], ["😤", "triumph"], ["😢", "cry sad"], ["😭", "sob"],
  ["😦", "frowning open"], ["😧", "anguished"], ["😨", "fearful"], ["😩", "weary"], ["🤯", "exploding head"],
  ["😬", "grimacing"], ["😰", "anxious"], ["😱", "scream"], ["😳", "flushed"], ["🤪", "zany"], ["😵", "dizzy"],
  ["😡", "rage angry"], ["😠", "angry"], ["🤬", "cursing"], ["😷", "mask sick"], ["🤒", "thermometer ill"],
  ["🤕", "bandage hurt"], ["🤢", "nauseated"], ["🤮", "vomiting"], ["🤧", "sneezing"], ["😇", "innocent angel"],
  ["🥳", "partying"], ["🥺", "pleading"], ["🤠", "cowboy"], ["🤡", "clown"], ["🤥", "lying"], ["🤫", "shushing"],
  ["🤭", "hand over mouth"], ["🧐", "monocle"], ["🤓", "nerd"], ["😈", "imp"], ["👻", "ghost"], ["💀", "skull"],
  ["👽", "alien"], ["🤖", "robot"], ["💩", "poop"], ["🙈", "see no evil"], ["🙉", "hear no evil"],
  ["🙊", "speak no evil"], ["🎉", "tada party"], ["🎊", "confetti"], ["🎂", "cake birthday"], ["🎁", "gift"],
  ["🎈", "balloon"], ["🏆", "trophy"], ["🥇", "gold medal"], ["🚀", "rocket ship"], ["🔥", "fire"],
  ["✨", "sparkles"], ["⭐", "star"], ["🌟", "glowing star"], ["💯", "hundred"], ["💥", "boom"],
  ["💡", "bulb idea"], ["👏", "clap"], ["🙌", "raised hands"], ["🙏", "pray thanks please"],
  ["💪", "muscle strong"], ["👌", "ok hand"], ["✌️", "victory peace"], ["🤞", "crossed fingers"],
  ["🤝", "handshake"], ["👋", "wave hello bye"], ["👀", "eyes look"], ["🧠", "brain"], ["👊", "fist"],
  ["✊", "raised fist"], ["👉", "point right"], ["👈", "point left"], ["👆", "point up"], ["👇", "point down"],
  ["✋", "hand stop"], ["🖐️", "fingers splayed"], ["🤙", "call me"], ["🫡", "salute"], ["🫠", "melting"],
  ["🤷", "shrug"], ["🤦", "facepalm"], ["🙋", "raising hand"], ["🙇", "bow"], ["💃", "dancer"],
  ["🕺", "man dancing"], ["🏃", "running"], ["🚶", "walking"], ["✅", "check done"], ["☑️", "ballot check"],
  ["✔️", "heavy check"], ["❌", "cross no"], ["❎", "cross mark"], ["❗", "exclamation"], ["❓", "question"],
  ["⚠️", "warning"], ["🚨", "alert siren"], ["🛑", "stop"], ["🚧", "construction"], ["⛔", "no entry"],
  ["🔒", "lock"], ["🔓", "unlock"], ["🔑", "key"], ["🔧", "wrench fix"], ["🔨", "hammer"], ["🛠️", "tools"],
  ["⚙️", "gear"], ["🔗", "link"], ["📌", "pin"], ["📎", "paperclip"], ["✏️", "pencil"], ["📝", "memo note"],
  ["📄", "page"], ["📁", "folder"], ["📅", "calendar"], ["📈", "chart up"], ["📉", "chart down"],
  ["📊", "bar chart"], ["📦", "package"], ["📧", "mail"], ["📣", "megaphone"], ["🔔", "bell"],
  ["🔕", "no bell mute"], ["🔍", "search"], ["💻", "laptop"], ["🖥️", "desktop"], ["📱", "phone"],
  ["⌨️", "keyboard"], ["🖨️", "printer"], ["💾", "floppy save"], ["💿", "disc"], ["🐛", "bug"],
  ["🐞", "ladybug"], ["🐍", "snake python"], ["🦀", "crab rust"], ["🐳", "whale docker"],
  ["🐧", "penguin linux"], ["🐱", "cat"], ["🐶", "dog"], ["🦊", "fox"], ["🐻", "bear"], ["🐼", "panda"],
  ["🦄", "unicorn"], ["🐝", "bee"], ["🐢", "turtle slow"], ["🐌", "snail slow"], ["☕", "coffee"], ["🍵", "tea"],
  ["🍺", "beer"], ["🍻", "cheers"], ["🥂", "toast"], ["🍷", "wine"], ["🍕", "pizza"], ["🍔", "burger"],
  ["🍎", "apple"], ["🍌", "banana"], ["🍪", "cookie"], ["🍫", "chocolate"], ["🌮", "taco"], ["🍿", "popcorn"],
  ["🌈", "rainbow"], ["☀️", "sun"], ["🌙", "moon"], ["☁️", "cloud"], ["🌧️", "rain"], ["⛈️", "storm"],
  ["❄️", "snow"], ["⚡", "zap lightning"], ["🌊", "wave sea"], ["🌍", "earth"], ["🌱", "seedling"],
  ["🌳", "tree"], ["🌹", "rose"], ["🌻", "sunflower"], ["🏠", "house home"], ["🏢", "office"],
  ["🏖️", "beach holiday"], ["✈️", "airplane travel"], ["🚗", "car"], ["🚲", "bike"], ["🚆", "train"],
  ["🚌", "bus"], ["⚽", "football soccer"], ["🏀", "basketball"], ["🎮", "game"], ["🎧", "headphones"],
  ["🎵", "music note"], ["🎬", "film"], ["📷", "camera"], ["🎨", "art"], ["📚", "books"], ["⏰", "alarm clock"],
  ["⏳", "hourglass wait"], ["⌛", "hourglass done"], ["🕐", "one oclock"], ["➕", "plus"], ["➖", "minus"],
  ["➡️", "right arrow"], ["⬅️", "left arrow"], ["⬆️", "up arrow"], ["⬇️", "down arrow"],
  ["🔄", "refresh repeat"], ["🆗", "ok"], ["🆕", "new"], ["🆘", "sos help"], ["💤", "zzz sleep"],
  ["💬", "speech balloon"], ["💭", "thought"], ["💔", "broken heart"], ["💙", "blue heart"],
  ["💚", "green heart"], ["💛", "yellow heart"], ["💜", "purple heart"], ["🖤", "black heart"],
  ["🤍", "white heart"], ["🇧🇷", "brazil"], ["🏁", "finish flag"], ["🚩", "red flag"], ["🏳️", "white flag"],
  ["🧪", "test tube"], ["🧹", "broom clean"], ["🗑️", "trash"], ["🪲", "beetle bug"], ["🔴", "red circle"],
  ["🟢", "green circle"], ["🟡", "yellow circle"], ["🔵", "blue circle"],
];

const COMMON = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅", "❌", "🙏", "🚀", "🤔"];
/** The emoji that the picker shows at once. */
const SHOWN_MAX = 300;

/**
 * The emoji with names in the language of the user. English words find them, too.
 * @returns {Promise<Entry[]>}
 */
async function table() {
  const names = language() === "en" ? {} : (await import("../i18n/emoji-pt-BR.js")).default;
  return EMOJI.map(([emoji, english]) => {
    const name = /** @type {Record<string, string>} */ (names)[emoji] ?? english;
    return { emoji, name, words: `${name} ${name === english ? "" : english}`.trim().toLowerCase().split(/\s+/) };
  });
}

/** Whether a word begins with the text, or the words contain it. @param {Entry} entry @param {string} text */
const isFound = ({ emoji, words }, text) => emoji === text || words.join(" ").includes(text) || words.join("_").includes(text);

/**
 * The first emoji of this name; undefined if there is none.
 * @param {string} name the text between the colons
 */
export async function emojiNamed(name) {
  const wanted = name.toLowerCase();
  const entries = await table();
  const isNamed = (/** @type {Entry} */ { words }) => words.includes(wanted) || words.join("_") === wanted || words.join("_").startsWith(`${wanted}_`);
  return (entries.find(({ words }) => words[0] === wanted) ?? entries.find(isNamed))?.emoji;
}

/** The emoji whose words contain a text, for the completion. @param {string} text @param {number} most */
export async function emojiChoices(text, most) {
  const found = (await table()).filter((entry) => isFound(entry, text));
  found.sort((one, other) => Number(other.words[0]?.startsWith(text)) - Number(one.words[0]?.startsWith(text)));
  return found.slice(0, most).map(({ emoji, words }) => ({ value: `${emoji} `, label: `${emoji} :${words[0]}:` }));
}

/**
 * The picker. Enter chooses the first emoji.
 * @param {string} title @param {(emoji: string) => void} choose
 */
export async function openPicker(title, choose) {
  const entries = await table();
  const common = COMMON.flatMap((emoji) => entries.find((entry) => entry.emoji === emoji) ?? []);
  const pick = (/** @type {string} */ emoji) => { dialog.close(); choose(emoji); };
  const grid = h("div", { class: "emoji-grid" });
  const note = h("p", { class: "is-quiet", role: "status" });
  const input = h("input", { type: "search", "aria-label": t("find_emoji"), placeholder: t("find_emoji"), autocomplete: "off", autofocus: true });
  const draw = () => {
    const query = input.value.trim().toLowerCase();
    const found = query ? entries.filter((entry) => isFound(entry, query)) : [...common, ...entries.filter((entry) => !common.includes(entry))];
    fill(grid, ...found.slice(0, SHOWN_MAX).map(({ emoji, name }) => h("button", { type: "button", class: "emoji", "aria-label": `${emoji} ${name}`, title: name, onclick: () => pick(emoji) }, emoji)));
    note.textContent = found.length ? "" : t("no_emoji");
  };
  input.addEventListener("input", draw);
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const text = grid.querySelector("button")?.textContent ?? input.value.trim();
    if (text) pick(text);
  });
  grid.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => moveInGrid(grid, event));
  draw();
  const dialog = openDialog(title, t("close"), input, note, grid);
}

/** The arrow keys move in the grid. @param {HTMLElement} grid @param {KeyboardEvent} event */
function moveInGrid(grid, event) {
  const buttons = /** @type {HTMLElement[]} */ ([...grid.children]);
  const columns = Math.max(1, buttons.filter((button) => button.offsetTop === buttons[0]?.offsetTop).length);
  const moves = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns });
  const next = buttons[buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + (moves[event.key] ?? NaN)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
