const dialect = new URLSearchParams(location.search).get("dialect") || "native";
SwaggerUIBundle({
  url: "/v1/openapi.json?dialect=" + encodeURIComponent(dialect),
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
});
