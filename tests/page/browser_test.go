//go:build page

package page

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// browsers are what Chromium is called, by system.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell"}

// browser is a running Chromium, spoken to in its DevTools protocol over a pipe.
type browser struct {
	t       *testing.T
	in      io.Writer
	replies chan reply
	events  []reply
	next    int
}

// reply is the answer to a call, or an event.
type reply struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
	SessionID string `json:"sessionId"`
}

// patience is how long the browser may take for one answer, cold starts on slow
// machines included.
const patience = time.Minute

func start(t *testing.T) *browser {
	t.Helper()
	args := []string{
		"--headless", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--user-data-dir=" + filepath.Join(t.TempDir(), "profile"),
	}
	if os.Geteuid() == 0 { // its sandbox does not work for root, and in containers
		args = append(args, "--no-sandbox", "--disable-dev-shm-usage")
	}
	cmd := exec.Command(find(t), args...)
	fromUs, toBrowser := pipe(t)
	fromBrowser, toUs := pipe(t)
	cmd.ExtraFiles = []*os.File{fromUs, toUs}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fromUs.Close()
	toUs.Close()
	b := &browser{t: t, in: toBrowser, replies: make(chan reply, 1024)}
	go b.read(fromBrowser)
	t.Cleanup(func() {
		b.call("", "Browser.close", nil, nil)
		cmd.Wait()
	})
	return b
}

// find returns the path of Chromium; CHROMIUM in the environment names another.
func find(t *testing.T) string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("none of %q is installed: apt-get install chromium", browsers)
	return ""
}

func pipe(t *testing.T) (r, w *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

// read takes messages apart, which end with a zero byte.
func (b *browser) read(r io.Reader) {
	defer close(b.replies)
	buffered := bufio.NewReader(r)
	for {
		data, err := buffered.ReadBytes(0)
		if err != nil {
			return
		}
		var m reply
		if json.Unmarshal(bytes.TrimSuffix(data, []byte{0}), &m) == nil {
			b.replies <- m
		}
	}
}

// call calls a method and decodes its result; events that come meanwhile are kept.
func (b *browser) call(session, method string, params, result any) {
	b.t.Helper()
	b.next++
	message := map[string]any{"id": b.next, "method": method}
	if params != nil {
		message["params"] = params
	}
	if session != "" {
		message["sessionId"] = session
	}
	data, err := json.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(data, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	m := b.wait(method, func(m reply) bool { return m.ID == b.next })
	if m.Error != nil {
		b.t.Fatalf("%s: %s", method, m.Error.Message)
	}
	if result != nil {
		if err := json.Unmarshal(m.Result, result); err != nil {
			b.t.Fatalf("%s: %v in %s", method, err, m.Result)
		}
	}
}

// wait returns the first message that is wanted.
func (b *browser) wait(what string, wanted func(reply) bool) reply {
	b.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m, open := <-b.replies:
			if !open {
				b.t.Fatalf("the browser ended before %s", what)
			}
			if m.ID == 0 {
				b.events = append(b.events, m)
			}
			if wanted(m) {
				return m
			}
		case <-deadline:
			b.t.Fatalf("no %s within %s", what, patience)
		}
	}
}

// tab is a page that is open.
type tab struct {
	*browser
	session string
}

// screen is what a page is looked at on.
type screen struct {
	name          string
	width, height int
	scheme        string // light or dark
}

// open loads url as it looks on s.
func (b *browser) open(url string, s screen) *tab {
	b.t.Helper()
	var target struct{ TargetID string }
	b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	p := &tab{b, attached.SessionID}
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.do(domain+".enable", nil, nil)
	}
	p.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": s.width, "height": s.height, "deviceScaleFactor": 1, "mobile": false}, nil)
	p.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": s.scheme}}}, nil)
	b.events = nil
	p.do("Page.navigate", map[string]any{"url": url}, nil)
	if !p.happened("Page.loadEventFired") {
		b.wait("Page.loadEventFired", func(m reply) bool { return m.Method == "Page.loadEventFired" })
	}
	return p
}

func (p *tab) do(method string, params, result any) {
	p.t.Helper()
	p.call(p.session, method, params, result)
}

func (p *tab) happened(method string) bool {
	for _, m := range p.events {
		if m.Method == method {
			return true
		}
	}
	return false
}

// evaluate runs JavaScript in the page, and decodes what it gives.
func (p *tab) evaluate(script string, result any) {
	p.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	p.do("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		p.t.Fatalf("the script failed: %s", answer.ExceptionDetails)
	}
	if err := json.Unmarshal(answer.Result.Value, result); err != nil {
		p.t.Fatalf("%v in %s", err, answer.Result.Value)
	}
}

// complaints are messages on the console, uncaught exceptions and warnings of the
// browser; requests the addresses that were asked for.
func (p *tab) complaints() (complaints, requests []string) {
	for _, m := range p.events {
		switch m.Method {
		case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
			complaints = append(complaints, fmt.Sprintf("%s %s", m.Method, m.Params))
		case "Network.requestWillBeSent":
			var r struct{ Request struct{ URL string } }
			if err := json.Unmarshal(m.Params, &r); err != nil {
				p.t.Fatal(err)
			}
			requests = append(requests, r.Request.URL)
		}
	}
	return complaints, requests
}

func (p *tab) close() { p.do("Page.close", nil, nil) }
