import { createRoot } from 'react-dom/client';
import './ui/app.css';

createRoot(document.getElementById('root') as HTMLElement).render(<main />);
