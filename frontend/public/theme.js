// Runs before the first paint, so that a page never flashes in the other theme; follows the machine from then on.
(function () {
  var system = matchMedia('(prefers-color-scheme: dark)');
  function paint() {
    var wish = null;
    try { wish = localStorage.getItem('treadle.theme'); } catch (_) { /* storage may be switched off */ }
    var dark = wish === 'dark' || (wish !== 'light' && system.matches);
    if (dark) document.documentElement.dataset.theme = 'dark';
    else delete document.documentElement.dataset.theme;
  }
  paint();
  system.addEventListener('change', paint);
})();
