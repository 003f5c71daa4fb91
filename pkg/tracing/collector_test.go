package tracing_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/jaegertracing/jaeger-idl/thrift-gen/jaeger"
	"github.com/openzipkin/zipkin-go/model"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"gamestore.example/pkg/tracing"
)

// received is what all three protocols tell of a span, read by their own decoders.
type received struct {
	Service, Version, Trace, ID, Parent, Name, Kind, Route string
	Failed                                                 bool
	Links                                                  int
}

// collectorStub takes spans as a collector does.
type collectorStub struct {
	*httptest.Server
	mu    sync.Mutex
	spans []received
	paths map[string]bool
}

func newCollector(t *testing.T, decode func([]byte) ([]received, error)) *collectorStub {
	t.Helper()
	c := &collectorStub{paths: map[string]bool{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		spans, err := decode(body)
		if err != nil {
			t.Errorf("what came cannot be read: %v", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.spans = append(c.spans, spans...)
		c.paths[r.URL.Path] = true
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collectorStub) got() []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]received(nil), c.spans...)
}

// decoders read the payload of each exporter.
func decoders() map[string]func([]byte) ([]received, error) {
	return map[string]func([]byte) ([]received, error){tracing.OTLP: fromOTLP, tracing.Jaeger: fromJaeger, tracing.Zipkin: fromZipkin}
}

func fromOTLP(body []byte) (all []received, err error) {
	var req collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &req); err != nil {
		return nil, err
	}
	for _, rs := range req.ResourceSpans {
		about := map[string]string{}
		for _, kv := range rs.Resource.Attributes {
			about[kv.Key] = kv.Value.GetStringValue()
		}
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				r := received{
					Service: about["service.name"], Version: about["service.version"], Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId),
					Parent: hex.EncodeToString(s.ParentSpanId), Name: s.Name, Links: len(s.Links),
					Kind:   map[otlp.Span_SpanKind]string{otlp.Span_SPAN_KIND_SERVER: "server", otlp.Span_SPAN_KIND_PRODUCER: "producer", otlp.Span_SPAN_KIND_CONSUMER: "consumer"}[s.Kind],
					Failed: s.Status.GetCode() == otlp.Status_STATUS_CODE_ERROR,
				}
				for _, kv := range s.Attributes {
					if kv.Key == "http.route" {
						r.Route = kv.Value.GetStringValue()
					}
				}
				all = append(all, r)
			}
		}
	}
	return all, nil
}

func fromJaeger(body []byte) (all []received, err error) {
	var batch jaeger.Batch
	in := thrift.NewTBinaryProtocolConf(thrift.NewStreamTransportR(bytes.NewReader(body)), nil)
	if err := batch.Read(context.Background(), in); err != nil {
		return nil, err
	}
	about := tagsOf(batch.Process.Tags)
	for _, s := range batch.Spans {
		tags := tagsOf(s.Tags)
		r := received{
			Service: batch.Process.ServiceName, Version: about["service.version"], Trace: fmt.Sprintf("%016x%016x", uint64(s.TraceIdHigh), uint64(s.TraceIdLow)),
			ID: fmt.Sprintf("%016x", uint64(s.SpanId)), Name: s.OperationName, Kind: tags["span.kind"], Route: tags["http.route"],
			Failed: tags["otel.status_code"] == "ERROR", Links: len(s.References),
		}
		if s.ParentSpanId != 0 {
			r.Parent = fmt.Sprintf("%016x", uint64(s.ParentSpanId))
		}
		all = append(all, r)
	}
	return all, nil
}

func tagsOf(tags []*jaeger.Tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = t.GetVStr()
	}
	return m
}

func fromZipkin(body []byte) (all []received, err error) {
	var spans []model.SpanModel
	if err := json.Unmarshal(body, &spans); err != nil {
		return nil, err
	}
	for _, s := range spans {
		r := received{
			Service: s.LocalEndpoint.ServiceName, Version: s.Tags["service.version"], Trace: s.TraceID.String(), ID: s.ID.String(), Name: s.Name,
			Kind:  map[model.Kind]string{model.Server: "server", model.Producer: "producer", model.Consumer: "consumer"}[s.Kind],
			Route: s.Tags["http.route"], Failed: s.Tags["otel.status_code"] == "ERROR",
		}
		if s.ParentID != nil {
			r.Parent = s.ParentID.String()
		}
		if s.Tags["link.0"] != "" {
			r.Links = 1
		}
		all = append(all, r)
	}
	return all, nil
}
