package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// MCPUsage is how "app mcp" is used.
const MCPUsage = "mcp [--url URL]"

const (
	mcpPath     = "/mcp"
	messageMost = 1 << 20  // bytes of a message of the agent; the dashboard takes less
	answerMost  = 16 << 20 // bytes of an answer
)

// MCP does "app mcp": it passes the messages of an agent, one a line, to the
// dashboard's own server of the Model Context Protocol, and its answers back.
// What cannot be passed is an error of the protocol, and a line on stderr.
func MCP(ctx context.Context, env Env, args []string) error {
	flags := flag.NewFlagSet("mcp", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&env.URL, "url", env.URL, "")
	if err := flags.Parse(args); err != nil {
		return misuse("mcp: %s.", strings.TrimSuffix(err.Error(), "."))
	}
	if flags.NArg() > 0 {
		return misuse("Unknown argument %q: mcp takes none.", flags.Arg(0))
	}
	d, err := open(env)
	if err != nil {
		return err
	}
	lines := make(chan []byte)
	read := make(chan error, 1)
	go func() { // a read of stdin has no end but that of the program
		read <- telemetry.Guard("read messages", func() error { return readLines(ctx, env.In, lines) })
	}()
	agent := &agent{dashboard: d, out: env.Out, err: env.Err}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-read:
			return err
		case line := <-lines:
			if err := agent.pass(ctx, line); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// readLines hands over the lines of in that are not empty.
func readLines(ctx context.Context, in io.Reader, lines chan<- []byte) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, messageMost)
	for scanner.Scan() {
		line := bytes.TrimSpace(scanner.Bytes())
		if len(line) == 0 {
			continue
		}
		select {
		case lines <- bytes.Clone(line):
		case <-ctx.Done():
			return nil
		}
	}
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a message is longer than %d bytes. Messages are JSON, one a line", messageMost)
	}
	return scanner.Err()
}

// agent is one whose messages are passed on, one after the other.
type agent struct {
	*dashboard
	out, err io.Writer
	version  string // of the protocol, as the dashboard answered it
}

// message is what passing on needs to know of a message.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name string `json:"name"`
		Meta struct {
			Version string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	} `json:"params"`
	Result struct {
		Version string `json:"protocolVersion"`
	} `json:"result"`
}

// The codes of errors, as JSON-RPC has them.
const (
	codeParse  = -32700
	codeServer = -32000
)

// pass sends one message and writes its answer. Its error is one of writing.
func (a *agent) pass(ctx context.Context, line []byte) error {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return a.fail(json.RawMessage("null"), codeParse, errors.New("a line is not one JSON-RPC message"))
	}
	answer, err := a.send(ctx, line, m)
	if err != nil {
		return a.fail(m.ID, codeServer, err)
	}
	if len(answer) == 0 {
		return nil // of a notification
	}
	if m.Method == "initialize" {
		var told message
		if json.Unmarshal(answer, &told) == nil {
			a.version = told.Result.Version
		}
	}
	return a.write(answer)
}

// send posts a message, and returns the one that answers it.
func (a *agent) send(ctx context.Context, line []byte, m message) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+mcpPath, bytes.NewReader(line))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	version := a.version
	if m.Params.Meta.Version != "" { // the newer protocol says it in each message, and wants headers that repeat it
		version = m.Params.Meta.Version
		req.Header.Set("Mcp-Method", m.Method)
		if m.Params.Name != "" {
			req.Header.Set("Mcp-Name", m.Params.Name)
		}
	}
	if version != "" {
		req.Header.Set("Mcp-Protocol-Version", version)
	}
	res, err := a.do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerMost))
	if err != nil {
		return nil, fmt.Errorf("the answer of %s was cut short: %w", a.base, err)
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		body = dataOf(body)
	}
	if res.StatusCode == http.StatusAccepted {
		return nil, nil
	}
	var told struct {
		Version string `json:"jsonrpc"`
	}
	if json.Unmarshal(body, &told) == nil && told.Version != "" {
		return body, nil
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return nil, a.refusal(res)
}

// dataOf is the message of a stream that has one.
func dataOf(stream []byte) (data []byte) {
	for line := range bytes.Lines(stream) {
		if text, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(data, bytes.TrimSpace(text)...)
		}
	}
	return data
}

// fail says what went wrong to who looks at stderr, and to the agent where it
// waits for an answer.
func (a *agent) fail(id json.RawMessage, code int, err error) error {
	fmt.Fprintln(a.err, err)
	if id == nil {
		return nil
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": err.Error()}})
	if err != nil {
		return err
	}
	return a.write(body)
}

// write writes a message as one line.
func (a *agent) write(body []byte) error {
	var line bytes.Buffer
	if err := json.Compact(&line, body); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err := a.out.Write(line.Bytes())
	return err
}
