package faults

// exception is a pair that rightly ends in another way than its fault
// promises, and why.
type exception struct {
	want expect
	why  string
}

// exceptions are by "call/fault"; "call/*" holds for each fault of the call
// that has no own.
func exceptions() map[string]exception {
	return map[string]exception{
		"repository/404":               {is("", fine), "a server that shows no repositories is asked for HEAD"},
		"tree, whole/404":              {is("", fine), "without the whole tree, the tree is walked"},
		"tree, walked/404":             {is("", fine), "without trees, contents are listed"},
		"blob/404":                     {is("", fine), "without blobs, files are fetched by path"},
		"archive link/404":             {is("", fine), "without archives, files are fetched one by one"},
		"check runs/404":               {is("404", fine), "a part that the token may not see is named beside the others"},
		"reviews/404":                  {is("404", fine), "likewise"},
		"check runs/403 permission":    {is("permission", fine), "likewise"},
		"reviews/403 permission":       {is("permission", fine), "likewise"},
		"check runs/403 IP allow list": {is("IP", fine), "likewise"},
		"reviews/403 IP allow list":    {is("IP", fine), "likewise"},
		"v1 session/404":               {is("unknown", fine), "a session that Devin does not know is no failure"},
		"v3 session/404":               {is("unknown", fine), "likewise"},
	}
}
