"""The console: server-rendered pages, on core only. Not built yet; see docs/architecture.md."""
