/** SecureRemoteDelivery's routes in James's administration server: docs/webadmin.md. */
package jamestls.mtasts.web;
