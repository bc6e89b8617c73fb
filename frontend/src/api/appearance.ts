import { queryOptions } from '@tanstack/react-query';
import { call, get, patch, remove } from './client';

export interface Look {
  name: string;
  /** "#rrggbb" */
  accent_light: string;
  accent_dark: string;
  /** An address below the mount point. */
  logo: string;
  language: string;
}

/** Each value is "" where it is not set; what was set here wins over the settings of the server. */
export interface Appearance {
  set_here: Look;
  of_settings: Look;
  shown: Look;
  contrast_light: number | null;
  contrast_dark: number | null;
}

export const appearanceQuery = queryOptions({
  queryKey: ['admin', 'appearance'],
  queryFn: ({ signal }) => get<Appearance>('api/admin/appearance', {}, signal),
});

export const changeAppearance = (changes: Partial<Omit<Look, 'logo'>>) => patch<Appearance>('api/admin/appearance', changes);
export const removeLogo = () => remove('api/admin/appearance/logo');

export async function uploadLogo(file: File): Promise<void> {
  const form = new FormData();
  form.append('logo', file, file.name);
  await call('PUT', 'api/admin/appearance/logo', { form });
}
