/** The parameters of the mailet. A wrong one stops James at its start, with a message that says what would be right. */
package jamestls.tlsrpt.config;

