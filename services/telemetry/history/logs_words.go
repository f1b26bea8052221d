package history

import "strings"

// titleOf is a rule's description, made of its id.
func titleOf(id string) string {
	words := strings.ReplaceAll(id[strings.LastIndex(id, "/")+1:], "-", " ")
	for from, to := range map[string]string{
		"xss": "XSS", "sql": "SQL", "ssrf": "SSRF", "url": "URL", "csrf": "CSRF", "ldap": "LDAP", "tls": "TLS",
	} {
		words = strings.ReplaceAll(" "+words+" ", " "+from+" ", " "+to+" ")
		words = strings.TrimSpace(words)
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

func helpOf(title, family string) string {
	return "# " + title + "\nCode that takes input from users without checking it first can let an attacker change what the program does. " +
		"This query reports places of the kind *" + family + "*.\n\n\n## Recommendation\nCheck the value against a list of allowed ones, " +
		"or use an API that keeps data and code apart.\n\n\n## Example\n```\nvalue := request.Param(\"name\")\n```\n\n## References\n" +
		"* OWASP: [Top ten](https://owasp.org/www-project-top-ten/).\n"
}

func messageOf(family string) string {
	switch family {
	case "injection", "template-injection":
		return "This query depends on a [user-provided value](1)."
	case "xss":
		return "Cross-site scripting vulnerability due to a [user-provided value](1)."
	case "path-traversal", "file-upload":
		return "This path depends on a [user-provided value](1)."
	case "ssrf":
		return "The URL of this request depends on a [user-provided value](1)."
	case "logging":
		return "This log entry depends on a [user-provided value](1)."
	case "info-disclosure":
		return "This stores sensitive data returned by [an access to password](1) as clear text."
	case "missing-rate-limiting":
		return "This route handler performs [a file system access](1), but is not rate-limited."
	case "redirect":
		return "Untrusted URL redirection depends on a [user-provided value](1)."
	case "regex-dos":
		return "This regular expression that depends on a [user-provided value](1) may run slow on strings with many repetitions of ' '."
	case "crypto":
		return "This uses a broken or weak cryptographic algorithm."
	}
	return "This depends on a [user-provided value](1)."
}

func cwesOf(family string) []string {
	cwes := map[string][]string{
		"injection": {"cwe-89", "cwe-78"}, "template-injection": {"cwe-94"}, "xss": {"cwe-79", "cwe-116"}, "path-traversal": {"cwe-22", "cwe-73"},
		"file-upload": {"cwe-434"}, "ssrf": {"cwe-918"}, "logging": {"cwe-117"}, "info-disclosure": {"cwe-200", "cwe-312"},
		"missing-rate-limiting": {"cwe-770", "cwe-307"}, "redirect": {"cwe-601"}, "regex-dos": {"cwe-1333", "cwe-400"}, "crypto": {"cwe-327"},
		"csrf": {"cwe-352"}, "race-condition": {"cwe-367"}, "type-confusion": {"cwe-681"},
	}
	if list := cwes[family]; list != nil {
		return list
	}
	return []string{"cwe-20"}
}

// scoreOf is the CVSS score of a rule, within the bounds of its tier.
func scoreOf(r *rule) float64 {
	step := float64(len(r.id) % 10)
	switch r.tier {
	case critical:
		return 9 + step/10
	case high:
		return 7 + step*0.2
	case medium:
		return 4 + step*0.3
	}
	return 1 + step*0.3
}

func levelOf(tier string) string {
	if tier == low || tier == medium {
		return "warning"
	}
	return "error"
}

// codeOf is believable code around a flaw of a family, which stands in its
// middle line.
func codeOf(language, family string) []string {
	sink := map[string]string{
		"injection": "db.query(\"SELECT * FROM orders WHERE name = '\" + name + \"'\")", "xss": "response.send(\"<h1>\" + name + \"</h1>\")",
		"path-traversal": "response.sendFile(root + \"/\" + name)", "ssrf": "client.get(\"https://\" + name + \"/status\")",
		"logging": "log.info(\"signed in: \" + name)", "redirect": "response.redirect(name)", "crypto": "md5(name)",
	}[family]
	if sink == "" {
		sink = "handle(name)"
	}
	switch language {
	case "py":
		return []string{"def show(request):", "    name = request.args.get(\"name\", \"\")", "    " + sink, "    return \"\", 204", ""}
	case "go":
		return []string{"func show(w http.ResponseWriter, r *http.Request) {", "\tname := r.FormValue(\"name\")", "\t" + sink, "}", ""}
	case "java", "cs":
		return []string{"void show(Request request, Response response) {",
			"    var name = request.query(\"name\");", "    " + sink + ";", "}", ""}
	}
	return []string{"router.get(\"/show\", (request, response) => {", "  const name = request.query.name", "  " + sink, "})", ""}
}
