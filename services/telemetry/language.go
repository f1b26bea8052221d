package telemetry

import "strings"

// RuleLanguage is the language that a rule looks at: js of "js/sql-injection",
// "" where the rule names none.
func RuleLanguage(rule string) string {
	language, _, named := strings.Cut(rule, "/")
	if !named {
		return ""
	}
	return strings.ToLower(language)
}

// LanguageName is a rule's language as people write it: "C# (cs)".
func LanguageName(language string) string {
	names := map[string]string{
		"actions": "GitHub Actions", "cpp": "C and C++", "cs": "C#", "go": "Go", "java": "Java and Kotlin", "js": "JavaScript and TypeScript",
		"py": "Python", "rb": "Ruby", "rust": "Rust", "swift": "Swift",
	}
	if name := names[language]; name != "" {
		return name + " (" + language + ")"
	}
	return language
}

// LanguageNames are the names of languages in a sentence: "C# (cs) and Go (go)".
func LanguageNames(languages []string) string {
	names := make([]string, len(languages))
	for i, language := range languages {
		names[i] = LanguageName(language)
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names, "")
}
