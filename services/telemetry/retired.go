package telemetry

// Retired says why a repository is out of use: "" for one that is in use.
type Retired string

// Why a repository is retired.
const (
	RetiredArchived Retired = "archived"
	RetiredDeleted  Retired = "deleted"
)
