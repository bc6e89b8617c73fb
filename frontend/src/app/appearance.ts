/** What this installation calls itself and looks like. The server writes it into every page, so that nothing flashes. */

const root = document.documentElement;

export const productName = (): string => root.dataset['product'] || 'Treadle';

/** Whether the installation has a name or a logo of its own. */
export const hasAppearance = (): boolean => root.dataset['product'] !== undefined || root.dataset['logo'] !== undefined;

/** The address of the installation's own logo, if it has one. */
export const logoAddress = (): string | undefined => root.dataset['logo'];
