/**
 * The read-only page on webadmin: layout, pictures, and who may see it. The mailets contribute its parts as
 * {@link jamestls.page.PageContent}. The page is HTML without scripts; {@link jamestls.page.Html} escapes everything on it.
 */
package jamestls.page;
