package io.boxlite.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/// Samples several things in turn, round after round, so that whatever else the machine does meets
/// all of them, and each when the one before has left the machine quiet.
final class Rounds {
  private Rounds() {}

  /// Gives one value.
  interface Sampler {
    double sample() throws Exception;
  }

  /// One thing to measure.
  ///
  /// @param name what is measured
  /// @param unit of the values
  /// @param sampler measures once
  record Subject(String name, String unit, Sampler sampler) {}

  /// Measures, after one round that does not count.
  ///
  /// @param count rounds that count
  /// @param subjects in the order of each round
  /// @return the samples of each, in the same order
  static List<Samples> alternate(int count, List<Subject> subjects) throws Exception {
    double[][] values = new double[subjects.size()][count];
    for (int round = -1; round < count; round++) {
      for (int i = 0; i < subjects.size(); i++) {
        Quiet.await();
        double value = subjects.get(i).sampler().sample();
        if (round >= 0) {
          values[i][round] = value;
        }
      }
    }
    List<Samples> samples = new ArrayList<>();
    for (int i = 0; i < subjects.size(); i++) {
      samples.add(new Samples(subjects.get(i).name(), subjects.get(i).unit(), values[i]));
    }
    return samples;
  }

  /// {@return how long something takes, in milliseconds}
  ///
  /// @param work the thing
  static double millis(Callable<?> work) throws Exception {
    long start = System.nanoTime();
    work.call();
    return (System.nanoTime() - start) / 1e6;
  }
}
