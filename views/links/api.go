package links

import "strconv"

// Addresses of the JSON API that answers and pages name.
const (
	API            = "/api/" // how they all begin
	APIDescription = API + "openapi.yaml"
	APIDispatch    = API + "dispatch"
	APIBatches     = API + "batches"
)

// APIList is where the API answers for a list, or another answer without
// parameters, by its name: "issues", "stats". The API says prs for pulls.
func APIList(name string) string {
	if name == "pulls" {
		name = "prs"
	}
	return API + path(name)
}

// APIExport is where the API answers with all rows of a list, as "csv" or "json".
func APIExport(list, format string) string { return APIList(list) + "." + format }

// APIIssue is an issue.
func APIIssue(id string) string { return under(APIList("issues"), id) }

// APISession is a session.
func APISession(id string) string { return under(APIList("sessions"), id) }

// APIMessages are the messages of a session.
func APIMessages(id string) string { return below(APISession(id), "/messages") }

// APIPull is a pull request of the repository "owner/name".
func APIPull[R ~string](repo R, number int64) string { return numbered(APIList("pulls"), repo, number) }

// APIRun is a run.
func APIRun(file string) string { return under(APIList("runs"), file) }

// APIRunOf is APIRun of a file of a source.
func APIRunOf(source, file string) string { return below(APIRun(file), "", "source", source) }

// APIRaw is a record as it was fetched. A file can be in several sources;
// without a source the API takes the first.
func APIRaw(source, file string) string {
	return below(APIRun(file), "/raw", "source", source)
}

// APIRepo is a repository "owner/name".
func APIRepo[R ~string](name R) string {
	if name == "" {
		return ""
	}
	return Of(APIList("repo"), string(name))
}

// APIJob is a job.
func APIJob(id string) string { return under(APIList("jobs"), id) }

// APIView is a saved view.
func APIView(id string) string { return under(APIList("views"), id) }

// APICampaign is a campaign.
func APICampaign(id int64) string { return under(APIList("campaigns"), strconv.FormatInt(id, 10)) }

// below adds to the address of one thing, where there is one.
func below(address, step string, pairs ...string) string {
	if address == "" {
		return ""
	}
	return With(address+step, pairs...)
}
