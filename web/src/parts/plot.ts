/** The only importer of uPlot, so that it is fetched apart. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export function draw(options: uPlot.Options, data: uPlot.AlignedData, at: HTMLElement): uPlot {
  return new uPlot(options, data, at);
}
