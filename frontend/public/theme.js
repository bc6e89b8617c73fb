// Runs before the first paint, so that a page never flashes in the other theme.
(function () {
  var wish = null;
  try { wish = localStorage.getItem('treadle.theme'); } catch (_) { /* storage may be switched off */ }
  var dark = wish === 'dark' || (wish !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  if (dark) document.documentElement.dataset.theme = 'dark';
})();
