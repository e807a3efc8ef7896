/** uPlot as the server gives it to browsers. */
import uPlot from 'uplot';
// oxlint-disable-next-line import/no-default-export -- it is how uPlot exports itself
export { uPlot as default };
