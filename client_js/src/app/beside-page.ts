/**
 * The path of something that the server has beside the page: "/socket", or "/desk/socket" where a
 * proxy serves the page as /desk/.
 */
export function besidePage(name: string, page = document.baseURI): string {
  return new URL(name, page).pathname;
}
