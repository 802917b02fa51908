package jamestls.smtp;

/** Whether mails go in chunks (RFC 3030) to servers that offer CHUNKING. */
public enum Chunking { WHEN_OFFERED, NEVER }
