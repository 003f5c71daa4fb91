package observe

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/go-kit/log"
)

// KitLogger returns logger as the one that go-kit's own parts ask for. Each call of Log is
// one record of the level; a value that is called "msg" is its message. The level of
// go-kit's package level, where there is one, is kept as an attribute.
func KitLogger(logger *slog.Logger, level slog.Level) log.Logger {
	return log.LoggerFunc(func(keyvals ...any) error {
		ctx := context.Background()
		if !logger.Enabled(ctx, level) {
			return nil
		}
		msg, attrs := "go-kit", make([]slog.Attr, 0, len(keyvals)/2+1)
		for i := 0; i < len(keyvals); i += 2 {
			var value any = log.ErrMissingValue
			if i+1 < len(keyvals) {
				value = keyvals[i+1]
			}
			switch key := fmt.Sprint(keyvals[i]); key {
			case slog.MessageKey:
				msg = fmt.Sprint(value)
			case slog.LevelKey, slog.TimeKey: // slog has its own under these names
				attrs = append(attrs, slog.Any("kit."+key, value))
			default:
				attrs = append(attrs, slog.Any(key, value))
			}
		}
		logger.LogAttrs(ctx, level, msg, attrs...)
		return nil
	})
}
