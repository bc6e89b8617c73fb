/** Writes the attribute only where it changes: written again, it has the browser style the element and look at every span. */
export function setHidden(element: HTMLElement, isHidden: boolean): void {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}
