//! Checks on the sources that modules import downward only, as ARCHITECTURE.md requires.
//!
//! Each file is a module. A file imports another file if one of its paths refers to a definition in that
//! file, directly or through a re-export. Imports of an ancestor do not count, because a file may use the
//! definitions in the `mod.rs` of its folder. Neither the files nor the folders may form a cycle.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::slice::from_ref;

/// The crates, each with the folder that must have no cycles. `""` is the whole crate.
const ROOTS: [(&str, &str); 2] = [("server", ""), ("client", "chat")];

type Module = Vec<String>;
type Graph = BTreeMap<String, BTreeSet<String>>;

/// The modules of a crate, each with the text of its file.
struct Sources {
    files: BTreeMap<Module, String>,
    /// The re-exported names of each module, with the paths of their definitions.
    exports: BTreeMap<(Module, String), Module>,
}

#[test]
fn no_file_and_no_folder_is_in_an_import_cycle() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    for (name, root) in ROOTS {
        let sources = Sources::read(&workspace.join(name).join("src"));
        let root = module(root);
        let files = sources.imports(&root);
        assert!(files.len() > 10, "{name} has only {} files", files.len());
        assert_acyclic(name, &files);
        assert_acyclic(name, &folders(&files, root.len()));
    }
}

#[test]
fn a_cycle_is_found_through_re_exports_and_named() {
    let files = [
        ("", "pub mod a; pub mod b;"),
        ("a", "mod inner;\npub use inner::{One, other as Two};"),
        ("a::inner", "use super::helper;\nuse crate::b::{self, c};\n// use crate::none;\npub struct One;"),
        ("b", "fn f(one: crate::a::One) {}"),
        ("b::c", ""),
    ];
    let sources = Sources::new(files.map(|(path, text)| (module(path), text.to_owned())).into());
    let graph = sources.imports(&module(""));
    let arrows = graph.iter().flat_map(|(from, to)| to.iter().map(move |to| format!("{from} -> {to}")));
    let expected = ["a -> a::inner", "a::inner -> b", "a::inner -> b::c", "b -> a::inner"];
    assert_eq!(arrows.collect::<Vec<_>>(), expected);
    let path = |names: [&str; 3]| Some(names.map(str::to_owned).to_vec());
    assert_eq!(cycle(&graph), path(["a::inner", "b", "a::inner"]));
    assert_eq!(cycle(&folders(&graph, 0)), path(["a", "b", "a"]));
}

fn module(path: &str) -> Module {
    path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn assert_acyclic(name: &str, graph: &Graph) {
    if let Some(cycle) = cycle(graph) {
        panic!("an import cycle in {name}: {}", cycle.join(" -> "));
    }
}

impl Sources {
    /// Reads the sources of a crate without their tests.
    fn read(src: &Path) -> Self {
        let (mut files, mut folders) = (BTreeMap::new(), vec![src.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().expect("a folder of sources") {
                let path = entry.expect("an entry").path();
                let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
                if name == "tests" {
                    continue;
                } else if path.is_dir() {
                    folders.push(path);
                } else {
                    let folder = folder.strip_prefix(src).expect("below src").iter();
                    let mut module: Module = folder.map(|part| part.to_string_lossy().into_owned()).collect();
                    if !["mod", "lib", "main"].contains(&name.as_str()) {
                        module.push(name);
                    }
                    files.insert(module, std::fs::read_to_string(&path).expect("a source"));
                }
            }
        }
        Self::new(files)
    }

    fn new(mut files: BTreeMap<Module, String>) -> Self {
        let mut exports = BTreeMap::new();
        for (module, text) in &mut files {
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            let code = code.lines().map(|line| line.split("//").next().unwrap_or_default());
            *text = code.collect::<Vec<_>>().join("\n");
            for (is_exported, path, name) in uses(text) {
                if is_exported {
                    exports.insert((module.clone(), name), path);
                }
            }
        }
        Self { files, exports }
    }

    /// The files below `root`, each with its imported files below `root`.
    fn imports(&self, root: &Module) -> Graph {
        let below: Vec<_> = self.files.keys().filter(|module| module.starts_with(root)).collect();
        let imports = |from: &Module| {
            let used = uses(&self.files[from]).into_iter().map(|(_, path, _)| path);
            let targets = used.chain(paths(&self.files[from])).filter_map(|path| self.target(from, &path));
            targets
                .filter(|to| to.starts_with(root) && !from.starts_with(to))
                .map(|to| to.join("::"))
                .collect()
        };
        below.into_iter().map(|from| (from.join("::"), imports(from))).collect()
    }

    /// The file to which a path in `from` refers; `None` if the path leads into another crate.
    fn target(&self, from: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut to = match first.as_str() {
            "crate" => Module::new(),
            "self" => from.clone(),
            "super" => from.split_last()?.1.to_vec(),
            child => [from.as_slice(), &[child.to_owned()]].concat(),
        };
        if !self.files.contains_key(&to) {
            return None;
        }
        for (at, name) in rest.iter().enumerate() {
            let child = [to.as_slice(), from_ref(name)].concat();
            if name == "super" {
                to.pop();
            } else if self.files.contains_key(&child) {
                to = child;
            } else if let Some(export) = self.exports.get(&(to.clone(), name.clone())) {
                let path = [export.as_slice(), rest.get(at + 1..)?].concat();
                return Some(self.target(&to, &path).unwrap_or(to));
            } else {
                break;
            }
        }
        Some(to)
    }
}

/// The paths in the `use` declarations of a file. For each path: whether it is re-exported, the path, and the
/// name that it introduces.
fn uses(text: &str) -> Vec<(bool, Module, String)> {
    let mut uses = Vec::new();
    for statement in text.split(';') {
        let Some(line) = statement.trim_start().lines().rev().find(|line| line.contains("use ")) else {
            continue;
        };
        let start = statement.rfind(line).unwrap_or_default();
        let Some((before, tree)) = statement[start..].split_once("use ") else { continue };
        if before.is_empty() || before.starts_with("pub") {
            let mut paths = Vec::new();
            expand(&[], &tree.split_whitespace().collect::<Vec<_>>().join(" "), &mut paths);
            uses.extend(paths.into_iter().map(|(path, name)| (before.starts_with("pub"), path, name)));
        }
    }
    uses
}

/// Expands `a::{b, c::d as e}` into single paths, each with the name that it introduces.
fn expand(prefix: &[String], tree: &str, paths: &mut Vec<(Module, String)>) {
    if let Some((outer, inner)) = tree.split_once('{') {
        let prefix = [prefix, &module(outer)].concat();
        let (mut depth, mut start) = (0, 0);
        let inner = inner.trim_end().trim_end_matches('}');
        for (at, letter) in inner.char_indices().chain([(inner.len(), ',')]) {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&prefix, inner[start..at].trim(), paths);
                    start = at + 1;
                }
                _ => {}
            }
        }
    } else if !tree.is_empty() {
        let (path, name) =
            tree.split_once(" as ").unwrap_or((tree, tree.rsplit("::").next().unwrap_or(tree)));
        let path = module(path.trim_end_matches("::self"));
        let path = if path == ["self"] { prefix.to_vec() } else { [prefix, &path].concat() };
        paths.push((path, name.to_owned()));
    }
}

/// The paths with `::` in the text of a file.
fn paths(text: &str) -> impl Iterator<Item = Module> {
    let words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
    words.filter(|word| word.contains("::")).map(module)
}

/// The folders at a depth, each with the folders from which its files import.
fn folders(files: &Graph, depth: usize) -> Graph {
    let folder = |file: &String| module(file).get(depth).cloned();
    let mut graph = Graph::new();
    for (from, to) in files.iter().filter_map(|(file, to)| Some((folder(file)?, to))) {
        let others = to.iter().filter_map(folder).filter(|to| *to != from);
        graph.entry(from.clone()).or_default().extend(others);
    }
    graph
}

/// A cycle of the graph, with its first element repeated at the end; `None` if the graph has no cycle.
fn cycle(graph: &Graph) -> Option<Vec<String>> {
    let (mut done, mut path) = (BTreeSet::new(), Vec::new());
    graph.keys().find_map(|start| visit(graph, start, &mut path, &mut done))
}

fn visit(
    graph: &Graph,
    at: &String,
    path: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(start) = path.iter().position(|earlier| earlier == at) {
        return Some([&path[start..], from_ref(at)].concat());
    }
    if done.contains(at) {
        return None;
    }
    path.push(at.clone());
    let found = graph.get(at).into_iter().flatten().find_map(|next| visit(graph, next, path, done));
    path.pop();
    done.insert(at.clone());
    found
}
