package history

// rule is a CodeQL rule with the severity tier and family that the action
// gives it. The ids are those of the CodeQL query packs.
type rule struct {
	id, family, tier string
	weight           int // how often it is met among the rules of its language
	order            int // place in a record: CodeQL groups findings by rule
	middle           string
}

const (
	critical = "critical"
	high     = "high"
	medium   = "medium"
	low      = "low"
)

// language is what a code base of one language looks like.
type language struct {
	name  string
	ext   []string
	dirs  []string
	stems []string
	camel bool // file names are written InCamelCase
	hub   string
	rules []rule
}

func languages() map[string]*language {
	all := map[string]*language{}
	for _, l := range []*language{javascript(), python(), java(), golang(), csharp()} {
		for i := range l.rules {
			r := &l.rules[i]
			r.order = i
			r.middle = "\",\n      \"rule_id\": \"" + r.id + "\",\n      \"severity_tier\": \"" + r.tier +
				"\",\n      \"cwe_family\": \"" + r.family + "\",\n      \"file\": \""
		}
		all[l.name] = l
	}
	return all
}

func javascript() *language {
	return &language{
		name: "js", ext: []string{".ts", ".ts", ".js", ".tsx"}, hub: "server.ts",
		dirs: []string{
			"routes", "lib", "src/server", "src/checkout", "src/account", "src/api", "models", "frontend/src/app",
			"frontend/src/app/services", "scripts",
		},
		stems: []string{
			"login", "search", "profileImage", "fileServer", "redirect", "orderHistory", "coupon", "basket",
			"payment", "feedback", "upload", "session", "webhook", "catalog", "review", "address", "audit", "export",
			"insecurity", "utils", "wallet", "captcha", "download", "preview",
		},
		rules: []rule{
			{id: "js/clear-text-logging", family: "info-disclosure", tier: high, weight: 3},
			{id: "js/clear-text-storage-of-sensitive-data", family: "info-disclosure", tier: high, weight: 2},
			{id: "js/incomplete-url-substring-sanitization", family: "other", tier: high, weight: 3},
			{id: "js/missing-rate-limiting", family: "missing-rate-limiting", tier: high, weight: 22},
			{id: "js/insufficient-password-hash", family: "crypto", tier: high, weight: 2},
			{id: "js/insecure-randomness", family: "crypto", tier: high, weight: 3},
			{id: "js/server-side-unvalidated-url-redirection", family: "redirect", tier: medium, weight: 3},
			{id: "js/sql-injection", family: "injection", tier: high, weight: 5},
			{id: "js/code-injection", family: "injection", tier: critical, weight: 1},
			{id: "js/command-line-injection", family: "injection", tier: critical, weight: 1},
			{id: "js/template-object-injection", family: "path-traversal", tier: critical, weight: 2},
			{id: "js/zipslip", family: "path-traversal", tier: high, weight: 2},
			{id: "js/path-injection", family: "path-traversal", tier: high, weight: 11},
			{id: "js/incomplete-sanitization", family: "xss", tier: high, weight: 5},
			{id: "js/xss-through-dom", family: "xss", tier: high, weight: 5},
			{id: "js/reflected-xss", family: "xss", tier: high, weight: 4},
			{id: "js/stored-xss", family: "xss", tier: high, weight: 2},
			{id: "js/prototype-polluting-assignment", family: "injection", tier: medium, weight: 3},
			{id: "js/missing-token-validation", family: "csrf", tier: high, weight: 2},
			{id: "js/server-crash", family: "regex-dos", tier: high, weight: 2},
			{id: "js/sensitive-get-query", family: "other", tier: medium, weight: 4},
			{id: "js/request-forgery", family: "ssrf", tier: critical, weight: 2},
			{id: "js/functionality-from-untrusted-source", family: "other", tier: medium, weight: 3},
			{id: "js/stack-trace-exposure", family: "info-disclosure", tier: medium, weight: 8},
			{id: "js/polynomial-redos", family: "regex-dos", tier: high, weight: 3},
			{id: "js/regex/missing-regexp-anchor", family: "other", tier: high, weight: 2},
			{id: "js/http-to-file-access", family: "file-upload", tier: medium, weight: 3},
			{id: "js/file-system-race", family: "race-condition", tier: high, weight: 2},
			{id: "js/remote-property-injection", family: "regex-dos", tier: high, weight: 4},
			{id: "js/user-controlled-bypass", family: "other", tier: high, weight: 4},
			{id: "js/client-exposed-cookie", family: "info-disclosure", tier: low, weight: 3},
			{id: "js/log-injection", family: "logging", tier: medium, weight: 5},
		},
	}
}

func python() *language {
	return &language{
		name: "py", ext: []string{".py"}, hub: "app/main.py",
		dirs: []string{
			"app", "app/api", "app/services", "scoring", "scoring/features", "runner", "runner/kernel", "jobs",
			"scripts", "tests",
		},
		stems: []string{
			"views", "auth", "mounts", "webhook_handler", "scan_trigger", "client", "loader", "exporter", "signals",
			"sessions", "tokens", "storage", "templates", "importer", "worker", "cli", "report", "proxy", "schemas",
			"mailer",
		},
		rules: []rule{
			{id: "py/clear-text-logging-sensitive-data", family: "info-disclosure", tier: high, weight: 4},
			{id: "py/clear-text-storage-sensitive-data", family: "info-disclosure", tier: high, weight: 2},
			{id: "py/flask-debug", family: "info-disclosure", tier: high, weight: 2},
			{id: "py/stack-trace-exposure", family: "info-disclosure", tier: medium, weight: 9},
			{id: "py/incomplete-url-substring-sanitization", family: "other", tier: high, weight: 4},
			{id: "py/command-line-injection", family: "injection", tier: critical, weight: 2},
			{id: "py/code-injection", family: "injection", tier: critical, weight: 1},
			{id: "py/sql-injection", family: "injection", tier: high, weight: 4},
			{id: "py/unsafe-deserialization", family: "injection", tier: critical, weight: 1},
			{id: "py/template-injection", family: "template-injection", tier: high, weight: 1},
			{id: "py/partial-ssrf", family: "ssrf", tier: critical, weight: 1},
			{id: "py/full-ssrf", family: "ssrf", tier: critical, weight: 1},
			{id: "py/path-injection", family: "path-traversal", tier: high, weight: 8},
			{id: "py/tarslip", family: "path-traversal", tier: high, weight: 2},
			{id: "py/log-injection", family: "logging", tier: high, weight: 9},
			{id: "py/jinja2/autoescape-false", family: "xss", tier: medium, weight: 5},
			{id: "py/reflective-xss", family: "xss", tier: high, weight: 4},
			{id: "py/weak-sensitive-data-hashing", family: "crypto", tier: high, weight: 3},
			{id: "py/weak-crypto-key", family: "crypto", tier: high, weight: 1},
			{id: "py/request-without-cert-validation", family: "crypto", tier: medium, weight: 3},
			{id: "py/url-redirection", family: "redirect", tier: medium, weight: 3},
			{id: "py/polynomial-redos", family: "regex-dos", tier: high, weight: 3},
			{id: "py/csrf-protection-disabled", family: "csrf", tier: high, weight: 1},
			{id: "py/insecure-temporary-file", family: "race-condition", tier: medium, weight: 2},
			{id: "py/samesite-none-cookie", family: "csrf", tier: low, weight: 2},
			{id: "py/bind-socket-all-network-interfaces", family: "other", tier: low, weight: 2},
		},
	}
}

func java() *language {
	return &language{
		name: "java", ext: []string{".java"}, camel: true, hub: "src/main/java/io/app/Application.java",
		dirs: []string{"src/main/java/io/app/web", "src/main/java/io/app/claims", "src/main/java/io/app/store", "src/main/java/io/app/auth",
			"src/main/java/io/app/events", "src/main/java/io/app/export", "src/test/java/io/app/web"},
		stems: []string{
			"EventCodec", "DocFetcher", "UploadService", "AuditTrail", "ClaimController", "TokenFactory",
			"LoginFilter", "ReportExporter", "SessionStore", "PolicyMapper", "DirectoryClient", "MailRenderer",
			"AttachmentResource", "SearchDao", "ImportJob", "QuoteClient", "ArchiveReader",
		},
		rules: []rule{
			{id: "java/unsafe-deserialization", family: "injection", tier: critical, weight: 2},
			{id: "java/sql-injection", family: "injection", tier: high, weight: 6},
			{id: "java/concatenated-sql-query", family: "injection", tier: high, weight: 3},
			{id: "java/command-line-injection", family: "injection", tier: critical, weight: 1},
			{id: "java/ldap-injection", family: "injection", tier: critical, weight: 1},
			{id: "java/spel-expression-injection", family: "template-injection", tier: critical, weight: 1},
			{id: "java/ssrf", family: "ssrf", tier: critical, weight: 2},
			{id: "java/path-injection", family: "path-traversal", tier: high, weight: 8},
			{id: "java/zipslip", family: "path-traversal", tier: high, weight: 3},
			{id: "java/log-injection", family: "logging", tier: high, weight: 9},
			{id: "java/xss", family: "xss", tier: medium, weight: 6},
			{id: "java/xxe", family: "other", tier: high, weight: 2},
			{id: "java/error-message-exposure", family: "info-disclosure", tier: medium, weight: 5},
			{id: "java/stack-trace-exposure", family: "info-disclosure", tier: medium, weight: 5},
			{id: "java/sensitive-log", family: "info-disclosure", tier: high, weight: 3},
			{id: "java/weak-cryptographic-algorithm", family: "crypto", tier: high, weight: 3},
			{id: "java/predictable-seed", family: "crypto", tier: medium, weight: 2},
			{id: "java/insecure-randomness", family: "crypto", tier: medium, weight: 3},
			{id: "java/unvalidated-url-redirection", family: "redirect", tier: medium, weight: 3},
			{id: "java/spring-disabled-csrf-protection", family: "csrf", tier: high, weight: 2},
			{id: "java/polynomial-redos", family: "regex-dos", tier: high, weight: 3},
			{id: "java/toctou-race-condition", family: "race-condition", tier: high, weight: 2},
			{id: "java/tainted-numeric-cast", family: "type-confusion", tier: medium, weight: 2},
			{id: "java/insecure-cookie", family: "info-disclosure", tier: low, weight: 2},
		},
	}
}

func golang() *language {
	return &language{
		name: "go", ext: []string{".go"}, hub: "cmd/server/main.go",
		dirs: []string{
			"internal/ledger", "internal/fx", "internal/export", "internal/hooks", "internal/auth", "internal/api",
			"internal/store", "cmd/server", "pkg/client",
		},
		stems: []string{
			"rates", "bundle", "deliver", "sign", "accounts", "handler", "fetch", "archive", "tokens", "query",
			"retry", "upload", "router", "audit", "search", "tls",
		},
		rules: []rule{
			{id: "go/request-forgery", family: "ssrf", tier: critical, weight: 2},
			{id: "go/sql-injection", family: "injection", tier: high, weight: 6},
			{id: "go/unsafe-quoting", family: "injection", tier: critical, weight: 1},
			{id: "go/command-injection", family: "injection", tier: critical, weight: 1},
			{id: "go/path-injection", family: "path-traversal", tier: high, weight: 8},
			{id: "go/zipslip", family: "path-traversal", tier: high, weight: 3},
			{id: "go/unsafe-unzip-symlink", family: "path-traversal", tier: high, weight: 2},
			{id: "go/log-injection", family: "logging", tier: high, weight: 9},
			{id: "go/clear-text-logging", family: "info-disclosure", tier: high, weight: 4},
			{id: "go/stack-trace-exposure", family: "info-disclosure", tier: medium, weight: 6},
			{id: "go/reflected-xss", family: "xss", tier: medium, weight: 4},
			{id: "go/weak-sensitive-data-hashing", family: "crypto", tier: high, weight: 3},
			{id: "go/weak-crypto-key", family: "crypto", tier: high, weight: 1},
			{id: "go/insecure-randomness", family: "crypto", tier: high, weight: 2},
			{id: "go/disabled-certificate-check", family: "crypto", tier: high, weight: 2},
			{id: "go/insecure-tls", family: "crypto", tier: high, weight: 2},
			{id: "go/incorrect-integer-conversion", family: "type-confusion", tier: high, weight: 5},
			{id: "go/allocation-size-overflow", family: "other", tier: high, weight: 2},
			{id: "go/uncontrolled-allocation-size", family: "other", tier: medium, weight: 3},
			{id: "go/unvalidated-url-redirection", family: "redirect", tier: medium, weight: 3},
			{id: "go/bad-redirect-check", family: "redirect", tier: high, weight: 1},
			{id: "go/regex/missing-regexp-anchor", family: "other", tier: high, weight: 2},
			{id: "go/incomplete-hostname-regexp", family: "other", tier: low, weight: 2},
		},
	}
}

func csharp() *language {
	return &language{
		name: "cs", ext: []string{".cs"}, camel: true, hub: "src/Web/Program.cs",
		dirs: []string{
			"src/Web/Controllers", "src/Web/Services", "src/Portal/Attachments", "src/Portal/Identity",
			"src/Portal/Search", "src/Data/Repositories", "src/Jobs",
		},
		stems: []string{
			"SearchRepository", "AttachmentController", "TokenFactory", "LoginController", "ExportService",
			"MailTemplate", "SessionCache", "PatientController", "DirectoryLookup", "ReportBuilder", "UploadHandler",
			"AuditWriter", "QueryHelper", "SettingsController", "ArchiveImporter",
		},
		rules: []rule{
			{id: "cs/sql-injection", family: "injection", tier: critical, weight: 2},
			{id: "cs/command-line-injection", family: "injection", tier: critical, weight: 1},
			{id: "cs/ldap-injection", family: "injection", tier: high, weight: 2},
			{id: "cs/unsafe-deserialization-untrusted-input", family: "injection", tier: critical, weight: 1},
			{id: "cs/path-injection", family: "path-traversal", tier: high, weight: 8},
			{id: "cs/zipslip", family: "path-traversal", tier: high, weight: 2},
			{id: "cs/log-forging", family: "logging", tier: high, weight: 9},
			{id: "cs/cleartext-storage-of-sensitive-information", family: "info-disclosure", tier: high, weight: 3},
			{id: "cs/exposure-of-sensitive-information", family: "info-disclosure", tier: medium, weight: 4},
			{id: "cs/information-exposure-through-exception", family: "info-disclosure", tier: medium, weight: 6},
			{id: "cs/web/xss", family: "xss", tier: medium, weight: 6},
			{id: "cs/insecure-randomness", family: "crypto", tier: high, weight: 3},
			{id: "cs/weak-encryption", family: "crypto", tier: high, weight: 2},
			{id: "cs/insufficient-key-size", family: "crypto", tier: high, weight: 1},
			{id: "cs/web/unvalidated-url-redirection", family: "redirect", tier: medium, weight: 3},
			{id: "cs/web/missing-token-validation", family: "csrf", tier: high, weight: 3},
			{id: "cs/redos", family: "regex-dos", tier: high, weight: 2},
			{id: "cs/request-forgery", family: "ssrf", tier: critical, weight: 1},
			{id: "cs/user-controlled-bypass", family: "other", tier: high, weight: 3},
			{id: "cs/xml/missing-validation", family: "other", tier: medium, weight: 2},
			{id: "cs/web/cookie-secure-not-set", family: "info-disclosure", tier: low, weight: 3},
		},
	}
}
