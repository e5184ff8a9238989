//! One process of a node under test.

use serde_json::Value;

use crate::process::Process;

/// One process of the node, with its flags.
pub(crate) struct Role {
    pub(crate) name: &'static str,
    /// The flags and their values. A port 0 is replaced by the port that the system chose. A name in upper
    /// case is an environment variable.
    pub(crate) flags: Vec<(String, String)>,
    pub(crate) invite: Option<String>,
    pub(crate) join_code: Option<String>,
    pub(crate) process: Option<Process>,
}

impl Role {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, flags: Vec::new(), invite: None, join_code: None, process: None }
    }

    pub(crate) fn flag(mut self, flag: &str, value: &str) -> Self {
        self.flags.push((flag.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn flags(self, flags: &[(&str, &str)]) -> Self {
        flags.iter().fold(self, |role, (flag, value)| role.flag(flag, value))
    }

    pub(crate) fn find(&self, flag: &str) -> Option<&str> {
        self.flags.iter().find(|(known, _)| known == flag).map(|(_, value)| &**value)
    }

    pub(crate) fn value(&self, flag: &str) -> &str {
        self.find(flag).expect("a flag of this role")
    }

    pub(crate) fn spawn(&mut self) -> &Process {
        let is_variable = |name: &str| name.starts_with(|first: char| first.is_ascii_uppercase());
        let flags = self.flags.iter().filter(|(flag, _)| !is_variable(flag));
        let flags = flags.map(|(flag, value)| match &**value {
            "" => format!("--{flag}"),
            value => format!("--{flag}={value}"),
        });
        let variables = self.flags.iter().filter(|(name, _)| is_variable(name));
        let variables = variables.map(|(name, value)| (&**name, &**value));
        self.process.insert(Process::papo_in(variables, [self.name.to_owned()].into_iter().chain(flags)))
    }

    pub(crate) fn start(&mut self) {
        self.spawn();
        self.wait_until_ready();
    }

    pub(crate) fn wait_until_ready(&mut self) {
        let ready = self.process.as_ref().expect("a running role").read_json_line();
        assert_eq!(ready.get("ready").and_then(Value::as_str), Some(self.name));
        let word = |name: &str| ready.get(name).and_then(Value::as_str).map(str::to_owned);
        (self.invite, self.join_code) = (word("invite"), word("join_code"));
        for (flag, value) in &mut self.flags {
            if let Some(actual) = ready.get(flag.replace('-', "_")).and_then(Value::as_str) {
                actual.clone_into(value);
            }
        }
    }

    pub(crate) fn take_process(&mut self) -> Process {
        self.process.take().expect("a running role")
    }
}
