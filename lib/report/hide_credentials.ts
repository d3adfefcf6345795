/** Takes `user:password@` out of every URL in a text that is shown. */
export function hideCredentials(text: string): string {
  return text.replaceAll(/(:\/\/)[^/@\s]*@/g, "$1...@");
}
