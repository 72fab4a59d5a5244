/**
 * What each shell loads. All of it asks `cistern completion words` at each Tab with the words up to the cursor, and
 * falls back to file names where it has nothing to say.
 */
export const scripts = {
  bash: `# cistern completion bash: put  source <(cistern completion bash)  into ~/.bashrc
_cistern() {
  local IFS=$'\\n'
  COMPREPLY=($(cistern completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o default -F _cistern cistern`,

  zsh: `# cistern completion zsh: put  source <(cistern completion zsh)  into ~/.zshrc, behind compinit
_cistern() {
  local line
  local -a found
  for line in "\${(@f)$(cistern completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#found )); then _describe cistern found; else _files; fi
}
compdef _cistern cistern`,

  fish: `# cistern completion fish: run  cistern completion fish > ~/.config/fish/completions/cistern.fish
function __cistern_words
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found (cistern completion words -- $words[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c cistern -f -a '(__cistern_words)'`,
} as const;
