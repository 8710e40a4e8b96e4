{
  "targets": [
    {
      "target_name": "spawn",
      "conditions": [["OS=='linux'", { "sources": ["spawn.c"], "cflags": ["-O2", "-Wall", "-Wextra"] }, { "type": "none" }]]
    }
  ]
}
