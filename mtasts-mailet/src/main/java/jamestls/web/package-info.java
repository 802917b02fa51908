/**
 * What the routes of both jars for James's administration server (webadmin) have in common. Only this package and those named
 * {@code web} use classes of webadmin: the rest of the jars loads in a James without it.
 */
package jamestls.web;
