// Package upstream holds what the clients of GitHub and Devin share: how much
// of an answer is read, how its rows are decoded, and how callers who ask the
// same share one request. It knows neither service and stores nothing.
package upstream
