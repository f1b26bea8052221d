package faults

import (
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// exception is a pair that rightly ends in another way than its fault
// promises, and why.
type exception struct {
	want expect
	why  string
}

// exceptions are by "call/fault".
func exceptions() map[string]exception {
	e := map[string]exception{
		"repository/404":                   {is("", fine), "a server that shows no repositories is asked for HEAD"},
		"tree, whole/404":                  {is("", fine), "without the whole tree, the tree is walked"},
		"tree, walked/404":                 {is("", fine), "without trees, contents are listed"},
		"blob/404":                         {is("", fine), "without blobs, files are fetched by path"},
		"v3 changes/null row":              {is("told: false", fine), "sessions whose rows cannot be read are asked for by id"},
		"v3 changes/every row null":        {is("told: false", fine), "likewise"},
		"v3 changes/every row unreadable":  {is("told: false", fine), "likewise"},
		"log folder/404":                   {is("missing", fine), "a repository without logs has none"},
		"log file/404":                     {is("", fine), "without blobs, files are fetched by path"},
		"registry/404":                     {is("", fine), "likewise"},
		"archive link/404":                 {is("", fine), "without archives, files are fetched one by one"},
		"archive link/HTML with 200":       {is("", fine), "what is not an archive is fetched file by file"},
		"archive link/empty 200":           {is("", fine), "likewise"},
		"v1 session/404":                   {is("unknown", fine), "a session that Devin cannot find is no failure"},
		"v3 session/404":                   {is("unknown", fine), "likewise"},
		"v1 list/list without end":         {is("", fine), "what no page shows is asked for by its id"},
		"v3 list/list without end":         {is("", fine), "likewise"},
		"v3 changes/list without end":      {is("told: false", fine), "what a list of changes does not tell is asked for by its id"},
		"v3 changes/rows of numbers":       {is("told: false", fine), "likewise"},
		"code owners/404":                  {is("the file has", fine), "a repository need not have the file"},
		"check runs/list without end":      {is("more than", fine), "the rest is named"},
		"reviews/list without end":         {is("more than", fine), "likewise"},
		"commit statuses/list without end": {is("more than", fine), "likewise"},
		"dispatch/204":                     {is("", fine), "GitHub documents it"},
		"v1 tagged/wrong types":            {is("", fine), "a row that does not have the tag is not the session; what is not found stays not known"},
		"v1 send/null for the object":      {is("", fine), "Devin documents it"},
	}
	for _, fault := range []string{"reset mid-body", "slow drip", "404", "HTML with 200", "empty 200", "truncated JSON",
		"cut but well-framed", "not gzip", "gzip bomb of spaces"} {
		e["archive body/"+fault] = exception{is("", fine), "what an archive does not bring is fetched file by file"}
	}
	for _, fault := range []string{"404", "403 permission", "403 IP allow list"} {
		words := strings.TrimSuffix(strings.TrimPrefix(fault, "403 "), " allow list")
		for _, call := range []string{"check runs", "commit statuses", "reviews"} {
			e[call+"/"+fault] = exception{is(words, fine), "a part that the token may not see is named beside the others"}
		}
	}
	for _, fault := range []string{"404", "403 permission", "nothing in the object"} {
		e["v3 self/"+fault] = exception{is("DEVIN_ORG_ID", telemetry.CodeMissingSetting), "Devin need not say it; the variable does"}
	}
	for _, fault := range []string{"wrong types", "null for the object", "nothing in the object"} {
		e["v3 send/"+fault] = exception{is("", fine), "a JSON object or null with status 200 is a receipt, whatever is in it"}
	}
	return e
}
