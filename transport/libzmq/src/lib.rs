//! Builds libzmq 4.3.5 with CURVE (libsodium) and papo's patches, as a static library.
//!
//! The build script of `zmq-sys` calls [`Build`], which has the interface of the `zeromq-src` package.
//! `docs/decisions/0005-own-libzmq.md` has the reasons.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a build script writes its sources, reports an error by a panic, and talks to Cargo by its output"
)]

mod patches;

use std::path::{Path, PathBuf};
use std::{env, fs};

/// If this environment variable is set, libzmq is built without the patches. Tests then show the attacks that
/// the patches prevent.
const UNPATCHED: &str = "PAPO_LIBZMQ_UNPATCHED";

/// The prefix of the sources for WebSockets, which papo does not use.
const NOT_BUILT: &str = "ws";

/// The folder names of the package with the sources of libzmq: in the registry's folder, and in a folder of
/// `cargo vendor`.
const UPSTREAM_FOLDERS: [&str; 2] = ["zeromq-src-0.3.6+4.3.5", "zeromq-src"];

/// The macros that CMake would define for the system. Without the TCP_KEEP* macros, libzmq silently ignores
/// these options.
const LINUX: &str = "
#define ZMQ_HAVE_LINUX 1
#define ZMQ_IOTHREAD_POLLER_USE_EPOLL 1
#define ZMQ_IOTHREAD_POLLER_USE_EPOLL_CLOEXEC 1
#define ZMQ_HAVE_EVENTFD 1
#define ZMQ_HAVE_EVENTFD_CLOEXEC 1
#define ZMQ_HAVE_SOCK_CLOEXEC 1
#define HAVE_ACCEPT4 1
#define ZMQ_HAVE_SO_PEERCRED 1
#define ZMQ_HAVE_SO_BINDTODEVICE 1
#define ZMQ_HAVE_TCP_KEEPIDLE 1
#define ZMQ_HAVE_PTHREAD_SETNAME_2 1
#define ZMQ_HAVE_PTHREAD_SET_AFFINITY 1
";

const APPLE: &str = "
#define ZMQ_IOTHREAD_POLLER_USE_KQUEUE 1
#define ZMQ_HAVE_STRLCPY 1
#define ZMQ_HAVE_TCP_KEEPALIVE 1
";

const UNIX: &str = "
#define ZMQ_USE_CV_IMPL_STL11 1
#define ZMQ_POLL_BASED_ON_POLL 1
#define ZMQ_CACHELINE_SIZE 64
#define ZMQ_STATIC 1
#define ZMQ_HAVE_IPC 1
#define ZMQ_HAVE_STRUCT_SOCKADDR_UN 1
#define ZMQ_HAVE_UIO 1
#define ZMQ_HAVE_IFADDRS 1
#define ZMQ_HAVE_O_CLOEXEC 1
#define ZMQ_HAVE_SO_KEEPALIVE 1
#define ZMQ_HAVE_TCP_KEEPCNT 1
#define ZMQ_HAVE_TCP_KEEPINTVL 1
#define ZMQ_HAVE_NOEXCEPT 1
#define HAVE_POSIX_MEMALIGN 1
#define HAVE_CLOCK_GETTIME 1
#define HAVE_FORK 1
#define HAVE_MKDTEMP 1
#define HAVE_STRNLEN 1
#define HAVE_IF_NAMETOINDEX 1
#define ZMQ_USE_LIBSODIUM 1
#define ZMQ_HAVE_CURVE 1
#define SODIUM_STATIC 1
";

/// The builder that the build script of `zmq-sys` uses.
#[derive(Debug, Default)]
pub struct Build;

impl Build {
    /// Makes a builder.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    /// Does nothing, because this package always uses the libsodium from its dependencies.
    pub fn with_libsodium(&mut self, _location: Option<std::convert::Infallible>) -> &mut Self {
        self
    }

    /// Compiles libzmq, and prints Cargo's instructions to link it.
    ///
    /// # Panics
    /// A source file is missing, a patch does not match, or the compiler fails.
    pub fn build(&mut self) {
        println!("cargo:rerun-if-env-changed={UNPATCHED}");
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
        let upstream = upstream();
        let sources = out.join("libzmq");
        copy_sources(&upstream.join("src"), &sources);
        if env::var_os(UNPATCHED).is_none() {
            patches::apply(&sources);
        }
        write_platform(&sources);
        compile(&sources, &upstream.join("include"));
        println!("cargo:rustc-link-search=native={}", env!("SODIUM_LIB"));
        println!("cargo:rustc-link-lib=static=sodium");
    }
}

/// The folder with the sources of libzmq in the package `zeromq-src` 0.3. Cargo unpacks this package next to
/// `zmq-sys`, whose build script calls this function.
fn upstream() -> PathBuf {
    let zmq_sys = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets CARGO_MANIFEST_DIR"));
    let packages = zmq_sys.parent().expect("a package is in a folder");
    let folder = UPSTREAM_FOLDERS.iter().map(|name| packages.join(name).join("vendor"));
    let found = folder.into_iter().find(|folder| folder.join("src/router.cpp").is_file());
    found.unwrap_or_else(|| panic!("{} has no package {UPSTREAM_FOLDERS:?}", packages.display()))
}

fn copy_sources(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("OUT_DIR is writable");
    for entry in fs::read_dir(from).expect("libzmq's sources are unpacked") {
        let path = entry.expect("a readable folder").path();
        let name = path.file_name().expect("a file has a name");
        if path.is_file() {
            fs::copy(&path, to.join(name)).expect("OUT_DIR is writable");
        }
    }
}

fn write_platform(sources: &Path) {
    let system = env::var("CARGO_CFG_TARGET_OS").expect("Cargo sets the target");
    let strlcpy = if has_strlcpy(sources) { "#define ZMQ_HAVE_STRLCPY 1\n" } else { "" };
    let text = match system.as_str() {
        "linux" => format!("{UNIX}{LINUX}{strlcpy}"),
        "macos" => format!("{UNIX}{APPLE}"),
        other => panic!("papo builds libzmq for Linux and macOS, not for {other}"),
    };
    fs::write(sources.join("platform.hpp"), text).expect("OUT_DIR is writable");
}

/// Whether the C library declares `strlcpy`, as glibc does since 2.38. If not, libzmq uses its own function.
fn has_strlcpy(folder: &Path) -> bool {
    let source = folder.join("has_strlcpy.c");
    fs::write(&source, "#include <string.h>\nint main(void) { return sizeof(&strlcpy) == 0; }\n")
        .expect("OUT_DIR is writable");
    let mut build = cc::Build::new();
    build.cargo_metadata(false).cargo_warnings(false).warnings(false).file(source);
    build.try_compile("has_strlcpy").is_ok()
}

fn compile(sources: &Path, headers: &Path) {
    let mut build = cc::Build::new();
    build.cpp(true).std("c++11").warnings(false).flag_if_supported("-fvisibility=hidden");
    build.define("_GNU_SOURCE", None).define("ZMQ_CUSTOM_PLATFORM_HPP", None).define("NDEBUG", None);
    build.include(sources).include(headers).include(env!("SODIUM_INCLUDE"));
    for entry in fs::read_dir(sources).expect("the copied sources") {
        let path = entry.expect("a readable folder").path();
        let is_built = !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(NOT_BUILT));
        if path.extension().is_some_and(|extension| extension == "cpp") && is_built {
            build.file(path);
        }
    }
    build.compile("zmq");
}
