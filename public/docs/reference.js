/**
 * Configures Scalar's API reference (https://scalar.com/products/api-references/configuration) for the page /docs.
 * scripts/openapi/copy-reference.ts copies the library into this folder. The page sends requests to this server only.
 */

// Zod, a part of Scalar, tries to compile code by default. The Content-Security-Policy forbids that, and the browser would
// log an error.
globalThis.__zod_globalConfig = { jitless: true }
const { createApiReference } = await import('/docs/scalar/standalone.esm.js')

createApiReference('#reference', {
  url: '/openapi.json',
  documentDownloadType: 'direct',
  authentication: { preferredSecurityScheme: 'apiKey' },
  // The schemas of all codes would fill the sidebar. Each operation shows its own.
  hideModels: true,
  orderSchemaPropertiesBy: 'preserve',
  // Some of Scalar's colors have a contrast below 4.5 (WCAG 2.2 section 1.4.3).
  customCss: `
    .light-mode {
      --scalar-color-2: #666;
      --scalar-color-3: #6b6b6b;
      --scalar-color-green: #007a4d;
      --scalar-color-orange: #b83f00;
      --scalar-color-blue: #0068ab;
    }
    .dark-mode { --scalar-color-3: #8c8c8c }
    /* On a phone, this button covers the address of the request. */
    @media (width < 768px) { .scalar-client .scalar-sidebar-toggle { display: none } }`,
  // Scalar would load its fonts from its own server.
  withDefaultFonts: false,
  // Scalar's other products.
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  telemetry: false,
})
