/** Series of what is gone. The set of labels is closed only if it forgets: every version that is tried has a name of its own. */

type Labels = Readonly<Record<string, string>>;

/** What is needed of a counter, gauge or histogram. */
export type ForgetfulMetric = {
  get(): Promise<{ readonly values: readonly { readonly labels: Partial<Record<string, string | number>> }[] }>;
  remove(labels: Labels): void;
};

/** Removes every series of these metrics whose labels include the given ones. */
export async function forgetSeries(metrics: readonly ForgetfulMetric[], gone: Labels): Promise<void> {
  await Promise.all(
    metrics.map(async (metric) => {
      const { values } = await metric.get();
      for (const { labels } of values) {
        if (Object.entries(gone).some(([name, value]) => labels[name] !== value)) continue;
        // The buckets of a histogram are one series to prom-client.
        const { le: _bucket, ...own } = labels;
        metric.remove(Object.fromEntries(Object.entries(own).map(([name, value]) => [name, String(value)])));
      }
    }),
  );
}
