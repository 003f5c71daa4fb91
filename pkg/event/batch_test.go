package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gamestore.example/pkg/event"
)

func encoded(id, extra string) []byte {
	return fmt.Appendf(nil, `{"specversion":"1.0","id":%q%s}`, id, extra)
}

func TestABatchComesApartAsItWasPutTogether(t *testing.T) {
	bodies := [][]byte{
		encoded("1", ""), encoded("2", `,"traceparent":"00-a-b-01"`), encoded("3", `,"data":{"a":[1,{"b":"}]\"\\"}],"c":"[{\\"}`),
		encoded("1", `, "data" : { } `), encoded("ç", ""),
	}
	batch := event.Join(bodies...)
	var array []any
	if err := json.Unmarshal(batch, &array); err != nil || len(array) != len(bodies) {
		t.Fatalf("%d elements, %v", len(array), err)
	}
	for _, b := range [][]byte{batch, []byte(" \r\n" + strings.ReplaceAll(string(batch), "},{", "}\t,\n{") + " \n")} {
		members, err := event.Split(b)
		if err != nil {
			t.Fatal(err)
		}
		want := []event.Member{{ID: "1", Body: bodies[0]}, {ID: "2", TraceParent: "00-a-b-01", Body: bodies[1]}, {ID: "3", Body: bodies[2]}, {ID: "1", Body: bodies[3]}, {ID: "ç", Body: bodies[4]}}
		if d := cmp.Diff(want, members); d != "" {
			t.Error(d)
		}
	}
}

func TestAnOwnerOfOneMemberCannotReachTheNext(t *testing.T) {
	members, err := event.Split(event.Join(encoded("1", ""), encoded("2", "")))
	if err != nil {
		t.Fatal(err)
	}
	_ = append(members[0].Body, "spoilt"...)
	if got := string(members[1].Body); got != string(encoded("2", "")) {
		t.Errorf("got %s", got)
	}
}

func TestWhatIsNoBatch(t *testing.T) {
	good := string(encoded("1", ""))
	many := bytes.Repeat([]byte("1,"), 1_000_000)
	for name, body := range map[string]string{
		"empty": "", "space": " ", "no JSON": "nonsense", "one event": good, "null": "null", "a text": `"[]"`,
		"an empty array": "[]", "an open array": "[" + good, "a lost comma": "[" + good + good + "]", "a comma too many": "[" + good + ",]",
		"a comma before": "[," + good + "]", "something after it": "[" + good + "]" + good, "twice": "[" + good + "][" + good + "]",
		"a nested batch": "[[" + good + "]]", "nested after one": "[" + good + ",[" + good + "]]", "a number": "[" + good + ",1]",
		"without an id": "[" + good + `,{"specversion":"1.0"}]`, "an empty id": `[{"specversion":"1.0","id":""}]`, "another version": `[{"specversion":"0.3","id":"1"}]`,
		"an id that is a number": `[{"specversion":"1.0","id":1}]`, "brackets that do not match": `[{"specversion":"1.0","id":"1","data":{]]`,
		"an open text": `[{"specversion":"1.0","id":"1]}`, "an open escape": `[{"specversion":"1.0","id":"1\`, "invalid inside": `[{"specversion":"1.0","id":"1","data":nope}]`,
		"deep": strings.Repeat(`[{"a":`, 20_000), "a million elements": "[" + string(many) + "1]", "10 MB": "[" + strings.Repeat(good+",", 10<<20/len(good)) + good + "]",
		"65 events": "[" + strings.Repeat(good+",", event.MaxBatch) + good + "]",
	} {
		members, err := event.Split([]byte(body))
		if !errors.Is(err, event.ErrMalformedBatch) || members != nil {
			t.Errorf("%s: %d members, %v", name, len(members), err)
		}
	}
}

func TestTheLargestBatch(t *testing.T) {
	bodies := make([][]byte, event.MaxBatch)
	each := event.MaxSize/event.MaxBatch - len(encoded("1", `,"data":""`))
	for i := range bodies {
		bodies[i] = encoded("1", `,"data":"`+strings.Repeat("x", each)+`"`)
	}
	batch := event.Join(bodies...)
	if len(batch) > event.MaxBatchSize {
		t.Fatalf("%d bytes", len(batch))
	}
	if members, err := event.Split(batch); err != nil || len(members) != event.MaxBatch {
		t.Errorf("%d members, %v", len(members), err)
	}
}

// FuzzSplit holds Split against the decoder of the standard library.
func FuzzSplit(f *testing.F) {
	f.Add([]byte(`[{"specversion":"1.0","id":"1","data":{"a":["}\""]}} , {"specversion":"1.0","id":"2"}]`))
	f.Add([]byte(`[{"specversion":"1.0","id":"1"},]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var want []json.RawMessage
		wanted := json.Unmarshal(b, &want) == nil && len(want) > 0 && len(want) <= event.MaxBatch && len(b) <= event.MaxBatchSize
		for _, one := range want {
			if _, err := event.Peek(one); err != nil || one[0] != '{' {
				wanted = false
			}
		}
		got, err := event.Split(b)
		if (err == nil) != wanted {
			t.Fatalf("%v, wanted %v", err, wanted)
		}
		for i := range got {
			if !bytes.Equal(got[i].Body, want[i]) {
				t.Errorf("member %d is %s, not %s", i, got[i].Body, want[i])
			}
		}
	})
}
