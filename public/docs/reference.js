/**
 * The page /docs: Scalar's API reference (https://scalar.com/products/api-references/configuration), which
 * scripts/openapi/copy-reference.ts copies beside this file. It sends requests to this server alone.
 */

// Zod, which Scalar is built with, tests whether it may make functions from text, unless it is told that it may not. The
// Content-Security-Policy of the page does not allow it, and the browser would complain.
globalThis.__zod_globalConfig = { jitless: true }
const { createApiReference } = await import('/docs/scalar/standalone.esm.js')

createApiReference('#reference', {
  url: '/openapi.json',
  documentDownloadType: 'direct',
  authentication: { preferredSecurityScheme: 'apiKey' },
  // One component for each code would fill the sidebar; each operation shows its own.
  hideModels: true,
  orderSchemaPropertiesBy: 'preserve',
  // Scalar's light grey, green, orange and blue are too pale to read (WCAG 2.2 section 1.4.3 asks for a contrast of 4.5).
  customCss: `
    .light-mode {
      --scalar-color-2: #666;
      --scalar-color-3: #6b6b6b;
      --scalar-color-green: #007a4d;
      --scalar-color-orange: #b83f00;
      --scalar-color-blue: #0068ab;
    }
    .dark-mode { --scalar-color-3: #8c8c8c }
    /* On a phone it covers the address of the request. */
    @media (width < 768px) { .scalar-client .scalar-sidebar-toggle { display: none } }`,
  // The reader's own fonts instead of those of Scalar's server.
  withDefaultFonts: false,
  // Nothing of Scalar's other products.
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  telemetry: false,
})
