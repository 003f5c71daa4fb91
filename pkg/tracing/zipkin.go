package tracing

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"

	"github.com/openzipkin/zipkin-go/model"
	"github.com/openzipkin/zipkin-go/reporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// zipkinExporter sends spans as zipkin-go encodes them. zipkin-go's own reporter has
// a queue that nothing bounds the flushing of; the queue here is the batch processor's.
type zipkinExporter struct {
	url        string
	client     *http.Client
	serializer reporter.JSONSerializer
}

// ExportSpans implements sdk.SpanExporter.
func (z *zipkinExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	models := make([]*model.SpanModel, len(spans))
	for i, s := range spans {
		models[i] = zipkinSpan(s)
	}
	body, err := z.serializer.Serialize(models)
	if err != nil {
		return fmt.Errorf("zipkin: encode spans: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, z.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("zipkin: %w", err)
	}
	req.Header.Set("Content-Type", z.serializer.ContentType())
	resp, err := z.client.Do(req)
	if err != nil {
		return fmt.Errorf("zipkin: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("zipkin: the collector answered %d", resp.StatusCode)
	}
	return nil
}

// Shutdown implements sdk.SpanExporter.
func (z *zipkinExporter) Shutdown(context.Context) error {
	z.client.CloseIdleConnections()
	return nil
}

// zipkinSpan says a span in Zipkin's words, as OpenTelemetry's specification of Zipkin asks.
func zipkinSpan(s sdk.ReadOnlySpan) *model.SpanModel {
	sc := s.SpanContext()
	m := &model.SpanModel{
		SpanContext: model.SpanContext{TraceID: zipkinTrace(sc.TraceID()), ID: zipkinID(sc.SpanID())},
		Name:        s.Name(), Kind: zipkinKind(s.SpanKind()),
		Timestamp: s.StartTime(), Duration: max(s.EndTime().Sub(s.StartTime()), 1),
		LocalEndpoint: &model.Endpoint{ServiceName: serviceName(s)},
		Tags:          zipkinTags(s),
	}
	if s.Parent().SpanID().IsValid() {
		parent := zipkinID(s.Parent().SpanID())
		m.ParentID = &parent
	}
	for _, e := range s.Events() {
		m.Annotations = append(m.Annotations, model.Annotation{Timestamp: e.Time, Value: e.Name})
	}
	return m
}

func zipkinTrace(id trace.TraceID) model.TraceID {
	return model.TraceID{High: binary.BigEndian.Uint64(id[:8]), Low: binary.BigEndian.Uint64(id[8:])}
}

func zipkinID(id trace.SpanID) model.ID { return model.ID(binary.BigEndian.Uint64(id[:])) }

func zipkinKind(k trace.SpanKind) model.Kind {
	switch k {
	case trace.SpanKindServer:
		return model.Server
	case trace.SpanKindClient:
		return model.Client
	case trace.SpanKindProducer:
		return model.Producer
	case trace.SpanKindConsumer:
		return model.Consumer
	default:
		return model.Undetermined
	}
}

func zipkinTags(s sdk.ReadOnlySpan) map[string]string {
	tags := map[string]string{}
	for _, kv := range append(s.Resource().Attributes(), s.Attributes()...) {
		tags[string(kv.Key)] = text(kv.Value)
	}
	// Zipkin has no links: what a span continues besides its parent is a tag.
	for i, l := range s.Links() {
		tags[fmt.Sprintf("link.%d", i)] = l.SpanContext.TraceID().String() + "-" + l.SpanContext.SpanID().String()
	}
	if s.Status().Code == codes.Error {
		tags["otel.status_code"], tags["error"] = "ERROR", "true"
		if s.Status().Description != "" {
			tags["error"] = s.Status().Description
		}
	}
	return tags
}

func text(v attribute.Value) string { return v.String() }

func serviceName(s sdk.ReadOnlySpan) string {
	for _, kv := range s.Resource().Attributes() {
		if kv.Key == "service.name" {
			return kv.Value.AsString()
		}
	}
	return ""
}
