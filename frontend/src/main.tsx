import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './app/query';
import { router } from './app/router';
import { refuseStrayDrops } from './app/stray-drops';
import { Toasts } from './ui/toast';
import './ui/app.css';

// Back from the label page, which is a document of its own: what was counted before may be old.
window.addEventListener('pageshow', (event) => { if (event.persisted) void queryClient.invalidateQueries(); });
refuseStrayDrops();

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
      <Toasts />
    </QueryClientProvider>
  </StrictMode>,
);
