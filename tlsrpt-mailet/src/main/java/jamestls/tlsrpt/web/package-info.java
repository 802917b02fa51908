/** TlsReporting's routes in James's administration server, and their task: docs/webadmin.md. */
package jamestls.tlsrpt.web;
