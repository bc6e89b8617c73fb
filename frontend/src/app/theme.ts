import { create } from 'zustand';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'treadle.theme'; // public/theme.js reads the same key before the first paint

interface ThemeState {
  theme: Theme;
  setTheme: (theme: Theme) => void;
}

export const useTheme = create<ThemeState>((set) => ({
  theme: stored(),
  setTheme: (theme) => {
    keep(theme);
    set({ theme });
    paint(theme);
  },
}));

const system = matchMedia('(prefers-color-scheme: dark)');
system.addEventListener('change', () => paint(useTheme.getState().theme));

/** Shows the theme on the page; "system" follows the machine, also while the page is open. */
export function paint(theme: Theme): void {
  const dark = theme === 'dark' || (theme === 'system' && system.matches);
  if (dark) document.documentElement.dataset['theme'] = 'dark';
  else delete document.documentElement.dataset['theme'];
}

function stored(): Theme {
  try {
    const wish = localStorage.getItem(KEY);
    return wish === 'dark' || wish === 'light' ? wish : 'system';
  } catch {
    return 'system';
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is switched off: the choice holds until the page closes.
  }
}
