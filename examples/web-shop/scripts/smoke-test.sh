echo "asking the shop: #{Message}"
