package io.boxlite.image.internal.store;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/// Splits the arguments of an instruction into words as a Dockerfile does: at blanks, with quotes,
/// backslashes and variables (`$NAME` and `${NAME}`) as in a shell. For one use.
final class CommitWords {
  private final String text;
  private final UnaryOperator<String> variables;
  private final List<String> words = new ArrayList<>();
  private final StringBuilder word = new StringBuilder();
  private boolean inWord;
  private int at;

  private CommitWords(String text, UnaryOperator<String> variables) {
    this.text = text;
    this.variables = variables;
  }

  /// @param variables gives the value of a variable, empty when it is not set
  /// @throws IllegalArgumentException with the reason if a quote or a variable is malformed
  static List<String> split(String text, UnaryOperator<String> variables) {
    CommitWords reader = new CommitWords(text, variables);
    reader.read(true);
    return reader.words;
  }

  /// The same as one word, blanks and all.
  static String join(String text, UnaryOperator<String> variables) {
    CommitWords reader = new CommitWords(text, variables);
    reader.read(false);
    return String.join("", reader.words);
  }

  private void read(boolean splitting) {
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (splitting && Character.isWhitespace(c)) {
        end();
        continue;
      }
      inWord = true;
      switch (c) {
        case '\'' -> singleQuoted();
        case '"' -> doubleQuoted();
        case '\\' -> word.append(at < text.length() ? text.charAt(at++) : '\\');
        case '$' -> variable();
        default -> word.append(c);
      }
    }
    end();
  }

  private void end() {
    if (inWord) {
      words.add(word.toString());
      word.setLength(0);
      inWord = false;
    }
  }

  private void singleQuoted() {
    int close = text.indexOf('\'', at);
    require(close >= 0, "a quote is not closed");
    word.append(text, at, close);
    at = close + 1;
  }

  private void doubleQuoted() {
    while (at < text.length() && text.charAt(at) != '"') {
      char c = text.charAt(at++);
      if (c == '\\' && at < text.length() && "\"\\$".indexOf(text.charAt(at)) >= 0) {
        word.append(text.charAt(at++));
      } else if (c == '$') {
        variable();
      } else {
        word.append(c);
      }
    }
    require(at < text.length(), "a quote is not closed");
    at++;
  }

  private void variable() {
    boolean braces = at < text.length() && text.charAt(at) == '{';
    int start = braces ? at + 1 : at;
    int end = start;
    while (end < text.length() && isNamePart(text.charAt(end), end == start)) {
      end++;
    }
    if (braces) {
      require(
          end > start && end < text.length() && text.charAt(end) == '}',
          "of variables only $NAME and ${NAME} are known");
    } else if (end == start) {
      word.append('$');
      return;
    }
    word.append(variables.apply(text.substring(start, end)));
    at = braces ? end + 1 : end;
  }

  private static boolean isNamePart(char c, boolean first) {
    return c == '_'
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (!first && c >= '0' && c <= '9');
  }

  private static void require(boolean good, String why) {
    if (!good) {
      throw new IllegalArgumentException(why);
    }
  }
}
