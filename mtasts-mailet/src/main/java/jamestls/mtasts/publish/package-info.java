/**
 * What a domain publishes so that others verify mail to it: {@link jamestls.mtasts.publish.ZoneRecords} writes DNS records, and
 * {@link jamestls.mtasts.publish.PolicyHost} serves policies over HTTPS.
 */
package jamestls.mtasts.publish;
