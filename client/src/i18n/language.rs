//! The language of the user.

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    #[value(name = "en")]
    English,
    #[value(name = "pt-BR", aliases = ["pt", "pt_BR"])]
    Portuguese,
}

/// The environment variables of the locale. The first variable that is not empty is used (POSIX.1-2017, XBD
/// section 8.2).
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

impl Language {
    /// The language of the environment. English if papo has no translation.
    pub(crate) fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// A locale has the form `language[_territory][.codeset][@modifier]`.
    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut values = VARIABLES.iter().filter_map(|name| variable(name));
        let locale = values.find(|value| !value.is_empty()).unwrap_or_default();
        match locale.split(['_', '-', '.', '@']).next() {
            Some("pt") => Self::Portuguese,
            Some(_) | None => Self::English,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)]) -> Language {
        let value = |name: &str| variables.iter().find(|(other, _)| *other == name);
        Language::from_variables(|name| value(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_first_variable_that_is_not_empty_decides() {
        for portuguese in ["pt_BR.UTF-8", "pt", "pt_PT@euro", "pt-BR"] {
            assert_eq!(chosen(&[("LANG", portuguese)]), Language::Portuguese, "{portuguese}");
        }
        for english in ["", "C", "C.UTF-8", "POSIX", "en_GB", "de_DE.UTF-8", "ptx"] {
            assert_eq!(chosen(&[("LANG", english)]), Language::English, "{english}");
        }
        assert_eq!(chosen(&[]), Language::English);
        assert_eq!(chosen(&[("LANG", "pt_BR"), ("LC_MESSAGES", "en_US")]), Language::English);
        assert_eq!(chosen(&[("LC_MESSAGES", "pt_BR"), ("LC_ALL", "C")]), Language::English);
        assert_eq!(chosen(&[("LC_MESSAGES", "pt_BR"), ("LANG", "C"), ("LC_ALL", "")]), Language::Portuguese);
    }
}
